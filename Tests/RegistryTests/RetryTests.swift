import Logging
import OCI
import Synchronization
import Testing
import Threads

@testable import Registry

@Suite("Retries")
struct RetryTests {
    private let policy = RetryPolicy(
        maximumAttempts: 5, maximumSeconds: 60, firstWaitSeconds: 0.25, maximumWaitSeconds: 10)

    private func wait(
        _ failures: Int, elapsed: Double = 0, _ advice: RetryAdvice = .retry(), random: Double = 1
    ) -> Double? {
        policy.wait(afterFailures: failures, elapsedSeconds: elapsed, advice: advice, random: random)
    }

    @Test func `waits double up to a bound, with full jitter`() {
        #expect((1...5).map { wait($0) } == [0.25, 0.5, 1, 2, nil])
        #expect(wait(3, random: 0) == 0)
        #expect(wait(3, random: 0.5) == 0.5)
        var patient = policy
        patient.maximumAttempts = 1_000
        #expect(patient.wait(afterFailures: 999, elapsedSeconds: 0, advice: .retry(), random: 1) == 10)
    }

    @Test func `the failure's own advice decides first`() {
        #expect(wait(1, .never) == nil)
        #expect(wait(1, .once) == 0.25)
        #expect(wait(2, .once) == nil)
        #expect(wait(1, .retry(afterSeconds: 7)) == 7.25)
    }

    @Test func `no attempt begins after the time is over`() {
        #expect(wait(2, elapsed: 59.5) == 0.5 + 59.5 - 59.5)
        #expect(wait(2, elapsed: 59.6) == nil)
        #expect(wait(1, .retry(afterSeconds: 61)) == nil)
    }

    private func loop(_ waits: @escaping @Sendable (Double) -> Void = { _ in }) -> RetryLoop {
        RetryLoop(
            policy: policy, connectTimeoutSeconds: 10,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, stopSignal: StopSignal(), sleep: waits)
    }

    @Test func `the last error is thrown when all attempts have failed`() {
        var count = 0
        let error = #expect(throws: RegistryError.self) {
            try loop().run { _ -> Int in
                count += 1
                throw AttemptFailure(.unreachable, "image", "attempt \(count)", .retry())
            }
        }
        #expect(count == 5)
        #expect(error?.problem == "attempt 5")
    }

    @Test func `other errors are not retried`() {
        struct Other: Error {}
        var count = 0
        #expect(throws: Other.self) {
            try loop().run { _ -> Int in
                count += 1
                throw Other()
            }
        }
        #expect(count == 1)
    }

    @Test func `after a stop nothing is tried again`() {
        let loop = loop()
        loop.stopSignal.stop()
        var count = 0
        #expect(throws: RegistryError.self) {
            try loop.run { _ -> Int in
                count += 1
                throw AttemptFailure(.unreachable, "image", "down", .retry())
            }
        }
        #expect(count == 1)
    }

    @Test(.timeLimit(.minutes(1))) func `calls that overlap share their result, later ones do not`() {
        let calls = SharedCalls<Int, Int>()
        let done = Monitor<[Int]>([])
        let begun = Monitor(0)
        let worked = Mutex(0)
        for _ in 0..<6 {
            FakeRegistry.startThread {
                begun.change { $0 += 1 }
                let result = try? calls.run(1) {
                    // Long enough for the others to arrive.
                    _ = begun.wait(seconds: 30) { $0 == 6 }
                    StopSignal().sleep(seconds: 0.2)
                    return worked.withLock { count in
                        count += 1
                        return count
                    }
                }
                done.change { $0.append(result ?? -1) }
            }
        }
        #expect(done.wait(seconds: 50) { $0.count == 6 })
        #expect(done.change { $0 } == Array(repeating: 1, count: 6))
        #expect((try? calls.run(1) { 7 }) == 7)
        struct Failure: Error {}
        #expect(throws: Failure.self) { try calls.run(1) { throw Failure() } }
        #expect((try? calls.run(1) { 8 }) == 8)
    }
}
