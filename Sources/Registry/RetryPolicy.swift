/// When to try again, and after how long: exponential back-off with full jitter, bounded by a number of attempts and by
/// time, both counted since the last progress.
struct RetryPolicy: Sendable, Equatable {
    /// Attempts without progress, the first one included.
    var maximumAttempts = 5
    /// Time without progress after which no further attempt begins.
    var maximumSeconds: Double = 60
    /// Upper bound of the first wait; it doubles with each attempt.
    var firstWaitSeconds: Double = 0.25
    /// Upper bound of any wait that the server did not ask for.
    var maximumWaitSeconds: Double = 10

    /// How long to wait after `failures` attempts without progress; nil to give up.
    ///
    /// - Parameters:
    ///   - failures: at least 1.
    ///   - elapsedSeconds: since the first of these attempts began.
    ///   - advice: what the failure itself says about another try.
    ///   - random: in 0..<1.
    func wait(afterFailures failures: Int, elapsedSeconds: Double, advice: RetryAdvice, random: Double) -> Double? {
        let attempts: Int
        var asked: Double = 0
        switch advice {
        case .never: return nil
        case .once: attempts = min(2, maximumAttempts)
        case .retry(let afterSeconds):
            attempts = maximumAttempts
            asked = afterSeconds ?? 0
        }
        guard failures < attempts else { return nil }
        let bound = min(maximumWaitSeconds, firstWaitSeconds * Double(1 << min(failures - 1, 30)))
        // The jitter comes on top of what the server asked for, so that not all of its clients come back at once.
        let wait = max(0, asked) + bound * random
        return elapsedSeconds + wait <= maximumSeconds ? wait : nil
    }
}

/// What a failure says about another try.
enum RetryAdvice: Sendable, Equatable {
    /// It would fail again.
    case never
    /// It would most likely fail again: one more try.
    case once
    /// `afterSeconds` is the server's Retry-After.
    case retry(afterSeconds: Double? = nil)
}
