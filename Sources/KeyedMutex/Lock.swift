import Glibc

/// A value behind a pthread mutex, for the moments in which queues of waiters change.
///
/// `Synchronization.Mutex` would do, but in Swift 6.3 on Linux it waits in a priority-inheritance futex: slow when many
/// threads want it, which is what this module is for, and invisible to the thread sanitizer, which then reports races
/// that are none. With this one the module's tests run clean under it.
final class Lock<State>: @unchecked Sendable {
    // Guarded by `mutex`.
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        precondition(pthread_mutex_init(mutex, nil) == 0, "a default pthread mutex can be made")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&state)
    }
}
