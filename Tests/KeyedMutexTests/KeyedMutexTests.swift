import KeyedMutex
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct KeyedMutexTests {
    struct Failure: Error, Equatable {}

    private func waitUntil(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    /// Starts a task that takes the key and keeps it until `gate` is opened.
    private func holder(of key: String, in mutex: KeyedMutex<String>, until gate: Gate) async -> Task<Void, any Error> {
        let task = Task { try await mutex.withLock(key, holder: "first") { await gate.passed() } }
        await waitUntil { mutex.waits.contains { $0.key == key } }
        return task
    }

    @Test func `only one at a time is inside one key`() async throws {
        let mutex = KeyedMutex<String>(rank: .layer)
        let inside = Shared(0)
        try await withThrowingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    try await mutex.withLock("key", holder: "test") {
                        #expect(inside.update { $0 += 1 } == 1)
                        await Task.yield()
                        #expect(inside.update { $0 -= 1 } == 0)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(mutex.waits.isEmpty)
    }

    @Test func `another key does not wait`() async throws {
        let mutex = KeyedMutex<String>(rank: .layer)
        let gate = Gate()
        let first = await holder(of: "a", in: mutex, until: gate)
        #expect(try await mutex.withLock("b", holder: "other") { 42 } == 42)
        gate.open()
        try await first.value
    }

    @Test func `waiters are served in the order in which they came`() async throws {
        let mutex = KeyedMutex<String>(rank: .blob)
        let gate = Gate()
        let first = await holder(of: "key", in: mutex, until: gate)
        let served = Shared<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<100 {
            tasks.append(
                Task {
                    try await mutex.withLock("key", holder: "\(number)") { _ = served.update { $0.append(number) } }
                })
            await waitUntil { mutex.waits.first?.waiterCount == number + 1 }
        }
        gate.open()
        try await first.value
        for task in tasks { try await task.value }
        #expect(served.value == Array(0..<100))
    }

    @Test func `a cancelled waiter throws and the others keep their turn`() async throws {
        let mutex = KeyedMutex<String>(rank: .blob)
        let gate = Gate()
        let first = await holder(of: "key", in: mutex, until: gate)
        let served = Shared<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<9 {
            tasks.append(
                Task {
                    try await mutex.withLock("key", holder: "\(number)") { _ = served.update { $0.append(number) } }
                })
            await waitUntil { mutex.waits.first?.waiterCount == number + 1 }
        }
        for number in [0, 4, 8] {
            tasks[number].cancel()
            await #expect(throws: CancellationError.self) { try await tasks[number].value }
        }
        #expect(mutex.waits.first?.waiterCount == 6)
        gate.open()
        try await first.value
        for number in [1, 2, 3, 5, 6, 7] { try await tasks[number].value }
        #expect(served.value == [1, 2, 3, 5, 6, 7])
        #expect(mutex.waits.isEmpty)
    }

    @Test func `a task that is cancelled already gets no key`() async {
        let mutex = KeyedMutex<String>(rank: .blob)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await mutex.withLock("key", holder: "late") { _ = Issue.record("ran although it was cancelled") }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(mutex.waits.isEmpty)
    }

    @Test func `an error releases the key`() async throws {
        let mutex = KeyedMutex<String>(rank: .chain)
        for _ in 0..<3 {
            await #expect(throws: Failure.self) {
                try await mutex.withLock("key", holder: "test") { throw Failure() }
            }
        }
        #expect(try await mutex.withLock("key", holder: "test") { true })
    }

    @Test func `waits shows holder, rank, age and number of waiters, and follows the key`() async throws {
        let mutex = KeyedMutex<String>(rank: .layer)
        let firstGate = Gate()
        let secondGate = Gate()
        let first = await holder(of: "key", in: mutex, until: firstGate)
        let second = Task { try await mutex.withLock("key", holder: "second") { await secondGate.passed() } }
        await waitUntil { mutex.waits.first?.waiterCount == 1 }
        let wait = try #require(mutex.waits.first)
        #expect(wait.key == "key" && wait.holder == "first" && wait.rank == .layer)
        #expect(wait.heldSeconds >= 0)
        firstGate.open()
        try await first.value
        await waitUntil { mutex.waits.first?.holder == "second" }
        #expect(mutex.waits.first?.waiterCount == 0)
        secondGate.open()
        try await second.value
        #expect(mutex.waits.isEmpty)
    }

    @Test func `ten thousand keys under contention lose nothing`() async throws {
        let mutex = KeyedMutex<Int>(rank: .blob)
        let counters = Shared([Int](repeating: 0, count: 10_000))
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(worker))
                    for key in (0..<10_000).shuffled(using: &generator) {
                        try await mutex.withLock(key, holder: "\(worker)") {
                            let before = counters.read { $0[key] }
                            if key % 8 == 0 { await Task.yield() }
                            counters.change { $0[key] = before + 1 }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counters.value.allSatisfy { $0 == 8 })
        #expect(mutex.waits.isEmpty)
    }

    @Test func `a storm of cancellations leaves the key usable and serves all who stayed`() async throws {
        let mutex = KeyedMutex<Int>(rank: .blob)
        let served = Shared(0)
        let gaveUp = Shared(0)
        var generator = SeededGenerator(seed: 3)
        var tasks: [Task<Void, Never>] = []
        for number in 0..<5_000 {
            tasks.append(
                Task {
                    do {
                        try await mutex.withLock(number % 3, holder: "\(number)") { await Task.yield() }
                        served.update { $0 += 1 }
                    } catch {
                        #expect(error is CancellationError)
                        gaveUp.update { $0 += 1 }
                    }
                })
            if let victim = tasks.randomElement(using: &generator), number % 2 == 0 { victim.cancel() }
        }
        for task in tasks { await task.value }
        #expect(served.value + gaveUp.value == 5_000)
        #expect(served.value >= 2_500)
        #expect(mutex.waits.isEmpty)
        for key in 0..<3 { try await mutex.withLock(key, holder: "after") {} }
    }

    @Test func `keys of rising rank nest`() async throws {
        let chains = KeyedMutex<String>(rank: .chain)
        let layers = KeyedMutex<String>(rank: .layer)
        let blobs = KeyedMutex<String>(rank: .blob)
        let depth = try await chains.withLock("c", holder: "test") {
            try await layers.withLock("l", holder: "test") { try await blobs.withLock("b", holder: "test") { 3 } }
        }
        #expect(depth == 3)
    }
}
