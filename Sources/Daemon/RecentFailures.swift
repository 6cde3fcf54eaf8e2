import OCI
import Synchronization

/// Failures of the last moments, by chainID.
///
/// Programs that find an error often try again at once, many at a time. Each of them would start the whole work anew and
/// hammer a registry that is down. For a moment after a failure the same error is the answer; then the next access
/// really tries again.
final class RecentFailures: Sendable {
    private struct Failure {
        var fetch: FetchFailure
        var until: ContinuousClock.Instant
    }

    private let holdTime: Duration
    private let failures = Mutex<[Digest: Failure]>([:])

    init(holdTime: Duration = .milliseconds(200)) { self.holdTime = holdTime }

    /// Throws the error of the last moment, if there was one and `chain` has no origin that was not tried.
    func check(_ chain: Chain, at now: ContinuousClock.Instant = .now) throws {
        let error: (any Error)? = failures.withLock { failures in
            guard let failure = failures[chain.chainID] else { return nil }
            if failure.until > now { return failure.fetch.leavesHope(for: chain) ? nil : failure.fetch.cause }
            failures[chain.chainID] = nil
            return nil
        }
        if let error { throw error }
    }

    func record(_ error: any Error, for chain: Chain, at now: ContinuousClock.Instant = .now) {
        failures.withLock { failures in
            failures = failures.filter { $0.value.until > now }
            failures[chain.chainID] = Failure(
                fetch: FetchFailure(cause: error, places: chain.places), until: now + holdTime)
        }
    }
}
