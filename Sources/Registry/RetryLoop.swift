import Logging
import OCI

/// Attempts, one after the other, until one succeeds or the policy gives up.
struct RetryLoop: Sendable {
    var policy: RetryPolicy
    var connectTimeoutSeconds: Double
    var logger: Logger
    var stopSignal: StopSignal
    /// Told of each attempt that failed and is followed by another.
    var onRetry: (@Sendable (RegistryRetry) -> Void)?
    /// Sleeps; in place of `stopSignal`'s for tests.
    var sleep: (@Sendable (_ seconds: Double) -> Void)?

    /// Runs `attempt` until it returns. An `AttemptFailure` may be retried, and its `RegistryError` is thrown in the end;
    /// any other error is thrown on at once.
    ///
    /// - Parameters:
    ///   - blob: what is fetched, for `onRetry`.
    ///   - progress: anything that grows as the attempts get on. A failure after progress counts as the first one.
    ///   - attempt: is given the seconds that it may take to connect.
    func run<Result>(
        blob: Digest? = nil, progress: () -> Int64 = { 0 },
        _ attempt: (_ connectTimeoutSeconds: Double) throws -> Result
    ) throws -> Result {
        var failures = 0
        var start = ContinuousClock.now
        var reached = progress()
        while true {
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            let timeout = min(connectTimeoutSeconds, max(1, policy.maximumSeconds - elapsed))
            do {
                return try attempt(timeout)
            } catch let failure as AttemptFailure {
                if progress() > reached {
                    reached = progress()
                    failures = 0
                    start = .now
                }
                failures += 1
                let wait = policy.wait(
                    afterFailures: failures, elapsedSeconds: (ContinuousClock.now - start) / .seconds(1),
                    advice: failure.advice, random: .random(in: 0..<1))
                guard let wait, !stopSignal.isStopped else { throw failure.error }
                onRetry?(RegistryRetry(blob: blob, failure: failure.error))
                logger.notice("\(failure.error); trying again in \(Self.text(wait))")
                if let sleep { sleep(wait) } else { stopSignal.sleep(seconds: wait) }
            }
        }
    }

    private static func text(_ seconds: Double) -> String {
        seconds < 1 ? "\(Int(seconds * 1000)) ms" : "\(Int(seconds.rounded())) s"
    }
}
