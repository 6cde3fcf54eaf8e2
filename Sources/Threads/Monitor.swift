import Glibc

/// State that threads share and wait on: a pthread mutex and a condition variable.
///
/// `Synchronization.Mutex` has no condition variable; where nobody needs to wait for a change, use that.
/// Blocks threads, so it is not for async functions.
public final class Monitor<State>: @unchecked Sendable {
    // Guarded by `mutex`.
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    public init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        var attributes = pthread_condattr_t()
        let failures = [
            pthread_mutex_init(mutex, nil),
            pthread_condattr_init(&attributes),
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC),
            pthread_cond_init(changed, &attributes),
            pthread_condattr_destroy(&attributes),
        ]
        precondition(failures.allSatisfy { $0 == 0 }, "a default pthread mutex and condition variable can be made")
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Reads or changes the state. Wakes nobody: follow with `notifyOne` or `notifyAll` after a change others wait for.
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Waits until `body`, called with the state locked, returns something.
    public func wait<Result>(_ body: (inout State) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            pthread_cond_wait(changed, mutex)
        }
    }

    /// Like `wait`, but gives up after `timeoutSeconds` (0 or more) and then returns nil. `body` is asked a last time
    /// when the time is up.
    public func wait<Result>(timeoutSeconds: Double, _ body: (inout State) -> Result?) -> Result? {
        var deadline = Self.monotonicTime(inSeconds: timeoutSeconds)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            guard pthread_cond_timedwait(changed, mutex, &deadline) == 0 else { return body(&state) }
        }
    }

    /// Lets one waiting thread look again.
    public func notifyOne() { pthread_cond_signal(changed) }

    /// Lets all waiting threads look again.
    public func notifyAll() { pthread_cond_broadcast(changed) }

    private static func monotonicTime(inSeconds seconds: Double) -> timespec {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let whole = seconds.rounded(.down)
        time.tv_sec += Int(whole)
        time.tv_nsec += Int((seconds - whole) * 1e9)
        if time.tv_nsec >= 1_000_000_000 {
            time.tv_sec += 1
            time.tv_nsec -= 1_000_000_000
        }
        return time
    }
}
