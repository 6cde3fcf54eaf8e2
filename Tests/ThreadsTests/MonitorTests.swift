import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct MonitorTests {
    @Test func `a bounded queue between two threads keeps order and bound`() throws {
        let queue = Monitor<[Int]>([])
        let producer = try Thread.start(name: "producer") {
            for number in 0..<10_000 {
                queue.wait { items -> Void? in
                    guard items.count < 4 else { return nil }
                    items.append(number)
                    return ()
                }
                queue.notifyAll()
            }
        }
        var seen: [Int] = []
        while seen.count < 10_000 {
            let number = queue.wait { items -> Int? in
                #expect(items.count <= 4)
                return items.isEmpty ? nil : items.removeFirst()
            }
            queue.notifyAll()
            seen.append(number)
        }
        producer.join()
        #expect(seen == Array(0..<10_000))
    }

    @Test(arguments: [0, 0.001, 0.05]) func `waiting ends when the time is up`(seconds: Double) {
        let monitor = Monitor(0)
        let start = ContinuousClock.now
        let result = monitor.wait(timeoutSeconds: seconds) { _ -> Int? in nil }
        #expect(result == nil)
        #expect(ContinuousClock.now - start >= .seconds(seconds))
    }

    @Test func `an error of the body leaves the monitor usable`() {
        struct Failure: Error {}
        let monitor = Monitor(1)
        #expect(throws: Failure.self) { try monitor.withLock { (_) throws(Failure) in throw Failure() } }
        #expect(monitor.withLock { $0 } == 1)
    }
}
