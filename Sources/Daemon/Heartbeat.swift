import Control
import DescriptorStore
import FUSE
import Glibc
import Synchronization
import Threads

/// Tells the manager that this process lives, as long as everything in it that serves somebody answers: the threads that
/// answer the kernel, the one of the control socket, and Swift's own.
final class Heartbeat: Sendable {
    /// A part of the process: how to ask it, and how often it has answered.
    struct Probe: Sendable {
        var ask: @Sendable () -> Void
        var answers: @Sendable () -> Int
    }

    private let probes: [Probe]
    private let alive: @Sendable () -> Void

    init(probes: [Probe], alive: @escaping @Sendable () -> Void) {
        self.probes = probes
        self.alive = alive
    }

    /// How long a manager may wait for a sign of life; nil when it waits for none.
    ///
    /// - Parameters:
    ///   - manager: what it said when it started this process.
    ///   - asked: what it is told to wait from now on; 0 for never. A keeper of an earlier version does not listen.
    static func expectedSeconds(by manager: Double?, asked: Double?) -> Double? {
        [manager, asked].compactMap { $0 }.filter { $0 > 0 }.min()
    }

    /// Begins, for a manager that waits `seconds` for a sign of life; nil: that waits for none. The thread lives as long
    /// as the process.
    static func start(
        _ manager: ServiceManager, seconds: Double?, workers: WorkerPool, server: ControlServer
    ) throws(ThreadError) {
        guard let seconds else { return }
        let taskCount = TaskCount()
        let heartbeat = Heartbeat(
            probes: [
                Probe(ask: { workers.ping() }, answers: { workers.pings }),
                Probe(ask: { server.ping() }, answers: { server.pings }),
                Probe(ask: { Task { taskCount.add() } }, answers: { taskCount.value }),
            ],
            alive: { manager.alive() })
        let pause = UInt32(max(0.02, min(60, seconds / 4)) * 1e6)
        _ = try Thread.start(name: "imgfs-alive") {
            var last = heartbeat.answers
            while true {
                last = heartbeat.beat(since: last)
                usleep(pause)
            }
        }
    }

    /// The answers so far, in the probes' order.
    var answers: [Int] { probes.map { $0.answers() } }

    /// Tells that all live when each has answered since `last`; asks again. Returns the counts to compare with next.
    func beat(since last: [Int]) -> [Int] {
        let current = answers
        let allAnswered = zip(current, last).allSatisfy { $0 != $1 }
        if allAnswered { alive() }
        for probe in probes { probe.ask() }
        return allAnswered ? current : last
    }
}

private final class TaskCount: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.wrappingAdd(1, ordering: .relaxed) }
}
