import Glibc

/// A pthread with a Swift closure for a body.
final class WorkerThread: @unchecked Sendable {
    // Unchecked: written once, before anybody else has the object.
    private var thread = pthread_t()

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Nil when the system gives no thread.
    init?(_ body: @escaping @Sendable () -> Void) {
        let argument = Unmanaged.passRetained(Body(body))
        guard pthread_create(&thread, nil, workerThreadMain, argument.toOpaque()) == 0 else {
            argument.release()
            return nil
        }
    }

    func join() { pthread_join(thread, nil) }

    func detach() { pthread_detach(thread) }

    fileprivate static func run(_ argument: UnsafeMutableRawPointer) {
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    }
}

private func workerThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument { WorkerThread.run(argument) }
    return nil
}
