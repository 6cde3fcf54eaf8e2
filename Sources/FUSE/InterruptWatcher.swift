import CLinux
import Glibc
import Synchronization
import SystemPackage
import Threads

/// Decides about waiters that got a signal: who is to give up, and who goes on waiting.
///
/// The kernel sends one interrupt per request, whatever signals follow. So a waiter that was interrupted by a harmless
/// signal is looked at again every now and then, until it is answered. There is a thread only while there are any.
final class InterruptWatcher: Sendable {
    /// How long a killed waiter hangs at worst, if it had got a harmless signal before.
    private static let shortestIntervalMilliseconds = 20
    /// With thousands of them each is looked at less often, so that this never costs more than a part of one core.
    private static let waitersPerMillisecond = 5

    private struct State {
        var arrived: [DeferredReply] = []
        var isRunning = false
    }

    private let state = Mutex(State())
    private let wakeUp: FileDescriptor

    init() throws(FuseError) {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .workers(Errno(rawValue: errno)) }
        wakeUp = FileDescriptor(rawValue: descriptor)
    }

    deinit { close(wakeUp.rawValue) }

    /// Looks at the caller of `reply` now, and again until it is answered.
    func watch(_ reply: DeferredReply) {
        let start = state.withLock { state in
            state.arrived.append(reply)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if start {
            do throws(ThreadError) {
                _ = try Thread.start(name: "imgfs-signals") { self.run() }
            } catch {
                // Without a thread the callers wait for the answer; the next interrupt tries again.
                state.withLock { $0.isRunning = false }
            }
        } else {
            eventfd_write(wakeUp.rawValue, 1)
        }
    }

    private func run() {
        var watched: [DeferredReply] = []
        while true {
            let goesOn = state.withLock { state in
                watched += state.arrived
                state.arrived = []
                state.isRunning = !watched.isEmpty
                return state.isRunning
            }
            guard goesOn else { return }
            watched.removeAll(where: isDone)
            if watched.isEmpty { continue }
            sleep(milliseconds: max(Self.shortestIntervalMilliseconds, watched.count / Self.waitersPerMillisecond))
        }
    }

    /// Answers `reply` when its caller is to give up.
    private func isDone(_ reply: DeferredReply) -> Bool {
        guard reply.isPending else { return true }
        guard Self.signals(of: reply.callerThread).endsWait else { return false }
        reply.take()?.error(EINTR)
        return true
    }

    /// Until the time is over or another waiter was interrupted.
    private func sleep(milliseconds: Int) {
        var descriptor = pollfd(fd: wakeUp.rawValue, events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, Int32(clamping: milliseconds)) > 0 {
            var count: eventfd_t = 0
            eventfd_read(wakeUp.rawValue, &count)
        }
    }

    /// A thread that cannot be looked at (it lives outside the daemon's pid namespace) counts as one without signals:
    /// it waits until the answer comes.
    private static func signals(of thread: Int32) -> SignalState {
        ThreadStatus(ofThread: thread).map { SignalState(status: $0.text) } ?? SignalState()
    }
}
