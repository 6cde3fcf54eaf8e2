import OCI
import Synchronization

/// Failures of the last moments, by chainID.
///
/// Programs that find an error often try again at once, many at a time. Each of them would start the whole work anew and
/// hammer a registry that is down. For a moment after a failure the same error is the answer; then the next access
/// really tries again.
final class RecentFailures: Sendable {
    private struct Failure {
        var error: any Error
        var until: ContinuousClock.Instant
    }

    private let holdTime: Duration
    private let failures = Mutex<[Digest: Failure]>([:])

    init(holdTime: Duration = .milliseconds(200)) { self.holdTime = holdTime }

    /// Throws the error of the last moment, if there was one.
    func check(_ chainID: Digest, at now: ContinuousClock.Instant = .now) throws {
        let error: (any Error)? = failures.withLock { failures in
            guard let failure = failures[chainID] else { return nil }
            if failure.until > now { return failure.error }
            failures[chainID] = nil
            return nil
        }
        if let error { throw error }
    }

    func record(_ error: any Error, for chainID: Digest, at now: ContinuousClock.Instant = .now) {
        failures.withLock { failures in
            failures = failures.filter { $0.value.until > now }
            failures[chainID] = Failure(error: error, until: now + holdTime)
        }
    }
}
