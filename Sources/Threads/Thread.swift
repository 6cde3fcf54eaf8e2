import CLinux
import Glibc
import Synchronization

/// A named operating-system thread, for work that blocks. See pthread_create(3).
public final class Thread: Sendable {
    /// Enough for everything here: no recursion, big buffers are on the heap.
    public static let defaultStackByteCount = 512 << 10

    public let name: String
    /// nil once the thread has been joined.
    private let handle: Mutex<pthread_t?>

    private init(name: String, handle: pthread_t) {
        self.name = name
        self.handle = Mutex(handle)
    }

    deinit {
        // Nobody can join any more; the system frees the thread when it ends.
        handle.withLock { handle in
            if let handle { _ = pthread_detach(handle) }
        }
    }

    /// Starts a thread that runs `body`.
    ///
    /// - Parameters:
    ///   - name: what `ps -T` and debuggers show; the kernel keeps the first 15 bytes.
    ///   - stackByteCount: size of the stack, a multiple of the page size.
    ///   - body: runs with all asynchronous signals blocked: those are for the threads that the program chose for them.
    public static func start(
        name: String, stackByteCount: Int = defaultStackByteCount, body: @escaping @Sendable () -> Void
    ) throws(ThreadError) -> Thread {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackByteCount)

        let start = ThreadStart(name: name, body: body)
        let argument = Unmanaged.passRetained(start)
        var handle = pthread_t()
        let failure = withSignalsBlocked {
            pthread_create(&handle, &attributes, threadMain, argument.toOpaque())
        }
        guard failure == 0 else {
            argument.release()
            throw ThreadError(name: name, errno: failure)
        }
        return Thread(name: name, handle: handle)
    }

    /// Waits until the thread has ended. Once joined, further calls return at once. Blocks; never call it on the thread
    /// itself.
    public func join() {
        let handle = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let handle { pthread_join(handle, nil) }
    }

    /// A new thread inherits the mask of its creator, so there is no moment in which it takes a signal.
    private static func withSignalsBlocked(_ create: () -> Int32) -> Int32 {
        var blocked = sigset_t()
        var previous = sigset_t()
        sigfillset(&blocked)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&blocked, fault) }
        pthread_sigmask(SIG_BLOCK, &blocked, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        return create()
    }
}

/// What a new thread is to do; handed over as one retained pointer.
private final class ThreadStart {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    _ = imgfs_set_thread_name(start.name)
    start.body()
    return nil
}
