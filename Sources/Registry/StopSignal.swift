import Synchronization
import Threads

/// Says once and for all that no more work is to be done, and wakes those who wait for a retry.
final class StopSignal: Sendable {
    /// Looked at so often while sleeping: a child is not woken by its parent.
    private static let lookSeconds = 0.5

    private let flag = Atomic(false)
    private let monitor = Monitor(false)
    private let parent: StopSignal?

    /// - Parameter parent: stops this one too.
    init(parent: StopSignal? = nil) {
        self.parent = parent
    }

    var isStopped: Bool { flag.load(ordering: .relaxed) || parent?.isStopped == true }

    func stop() {
        flag.store(true, ordering: .relaxed)
        monitor.change { $0 = true }
    }

    /// Sleeps, but not past `stop`, and at most half a second past the parent's.
    func sleep(seconds: Double) {
        guard let parent else {
            _ = monitor.wait(seconds: seconds) { $0 }
            return
        }
        let end = ContinuousClock.now + .seconds(seconds)
        while !parent.isStopped {
            let left = (end - .now) / .seconds(1)
            guard left > 0, !monitor.wait(seconds: min(left, Self.lookSeconds), until: { $0 }) else { return }
        }
    }
}
