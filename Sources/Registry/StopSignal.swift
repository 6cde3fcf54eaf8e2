import Synchronization
import Threads

/// Says once and for all that no more work is to be done, and wakes those who wait for a retry.
final class StopSignal: Sendable {
    private let flag = Atomic(false)
    private let monitor = Monitor(false)

    var isStopped: Bool { flag.load(ordering: .relaxed) }

    func stop() {
        flag.store(true, ordering: .relaxed)
        monitor.change { $0 = true }
    }

    /// Sleeps, but not past `stop`.
    func sleep(seconds: Double) {
        _ = monitor.wait(seconds: seconds) { $0 }
    }
}
