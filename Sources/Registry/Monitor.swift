import Glibc

/// A value under a lock that a thread can wait on: a pthread mutex and a condition variable (monotonic clock).
// @unchecked: `value` is only touched while `mutex` is held.
final class Monitor<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Changes the value and wakes all who wait.
    func change<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return body(&value)
    }

    /// Blocks until `body` gives a result, asking it again after each change.
    func wait<Result>(for body: (Value) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(value) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// Blocks until `body` holds or the time is over; says whether it holds.
    func wait(seconds: Double, until body: (Value) -> Bool) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let whole = min(max(0, seconds), 1e9)
        let nanoseconds = deadline.tv_nsec + Int((whole - whole.rounded(.down)) * 1e9)
        deadline.tv_sec += Int(whole.rounded(.down)) + nanoseconds / 1_000_000_000
        deadline.tv_nsec = nanoseconds % 1_000_000_000
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !body(value) {
            if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return body(value) }
        }
        return true
    }
}
