import Glibc
import Synchronization
import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct BlockingPoolTests {
    struct Failure: Error, Equatable {}

    @Test func `results and errors come back`() async throws {
        let pool = BlockingPool(name: "test", maximumThreads: 2)
        #expect(await pool.run { 42 } == 42)
        await #expect(throws: Failure.self) { try await pool.run { () throws(Failure) -> Int in throw Failure() } }
    }

    @Test func `at most maximumThreads jobs run at a time, and that many do`() async {
        let pool = BlockingPool(name: "test", maximumThreads: 3)
        let running = Monitor((now: 0, most: 0))
        await withTaskGroup { group in
            for _ in 0..<30 {
                group.addTask {
                    await pool.run {
                        running.withLock {
                            $0.now += 1
                            $0.most = max($0.most, $0.now)
                        }
                        running.notifyAll()
                        // Three must meet here: fewer threads would wait for ever.
                        _ = running.wait { $0.most == 3 ? true : nil }
                        running.withLock { $0.now -= 1 }
                    }
                }
            }
        }
        #expect(running.withLock { $0.most } == 3)
        #expect(pool.load.threadCount <= 3)
        #expect(pool.load.waitingCount == 0)
    }

    @Test func `one thread takes jobs in the order in which they came`() async {
        let pool = BlockingPool(name: "test", maximumThreads: 1)
        let seen = Mutex<[Int]>([])
        for number in 0..<5_000 { pool.submit { seen.withLock { $0.append(number) } } }
        await pool.run {}
        #expect(seen.withLock { $0 } == Array(0..<5_000))
    }

    @Test func `idle threads end and new work starts new ones`() async throws {
        let pool = BlockingPool(name: "test", maximumThreads: 4, idleSeconds: 0.01)
        for _ in 0..<5 {
            await withTaskGroup { group in
                for _ in 0..<8 { group.addTask { await pool.run { _ = usleep(1_000) } } }
            }
            while pool.load.threadCount > 0 { try await Task.sleep(for: .milliseconds(2)) }
        }
        #expect(await pool.run { true })
    }

    @Test func `work that was handed over runs although the pool is gone`() async throws {
        let done = Monitor(0)
        do {
            let pool = BlockingPool(name: "test", maximumThreads: 1)
            for _ in 0..<10 {
                pool.submit {
                    done.withLock { $0 += 1 }; done.notifyAll()
                }
            }
        }
        while done.withLock({ $0 }) < 10 { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func `nothing is lost when work arrives while threads are ending`() async {
        let pool = BlockingPool(name: "test", maximumThreads: 2, idleSeconds: 0.0005)
        for round in 0..<300 {
            #expect(await pool.run { round } == round)
            if round % 3 == 0 { usleep(500) }
        }
    }
}
