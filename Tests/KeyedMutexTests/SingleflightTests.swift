import KeyedMutex
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SingleflightTests {
    struct Failure: Error, Equatable { var number: Int }

    private func waitUntil(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func `all who ask at the same time share one piece of work`() async throws {
        let flights = Singleflight<String, Int>(rank: .chain)
        let gate = Gate()
        let runs = Shared(0)
        let tasks = (0..<1_000).map { number in
            Task {
                try await flights.run("key", holder: "\(number)") {
                    await gate.passed()
                    return runs.update { $0 += 1 }
                }
            }
        }
        await waitUntil { flights.flights.first?.waiterCount == 1_000 }
        gate.open()
        for task in tasks { #expect(try await task.value == 1) }
        #expect(flights.flights.isEmpty)
    }

    @Test func `an error reaches all who waited and is not remembered`() async throws {
        let flights = Singleflight<String, Int>(rank: .chain)
        let gate = Gate()
        let tasks = (0..<10).map { number in
            Task {
                try await flights.run("key", holder: "\(number)") {
                    await gate.passed()
                    throw Failure(number: 1)
                }
            }
        }
        await waitUntil { flights.flights.first?.waiterCount == 10 }
        gate.open()
        for task in tasks { await #expect(throws: Failure(number: 1)) { try await task.value } }
        #expect(try await flights.run("key", holder: "next") { 7 } == 7)
    }

    @Test(arguments: [[0], [3], [9], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
    func `who is cancelled leaves at once, the work goes on for the others`(leavers: [Int]) async throws {
        let flights = Singleflight<String, Int>(rank: .chain)
        let gate = Gate()
        let finished = Shared(false)
        var tasks: [Task<Int, any Error>] = []
        for number in 0..<10 {
            tasks.append(
                Task {
                    try await flights.run("key", holder: "\(number)") {
                        await gate.passed()
                        finished.update { $0 = !Task.isCancelled }
                        return 5
                    }
                })
            await waitUntil { flights.flights.first?.waiterCount == number + 1 }
        }
        for number in leavers { tasks[number].cancel() }
        for number in leavers { await #expect(throws: CancellationError.self) { try await tasks[number].value } }
        #expect(flights.flights.first?.waiterCount == 10 - leavers.count)
        #expect(flights.flights.first?.holder == "0")
        gate.open()
        for number in 0..<10 where !leavers.contains(number) { #expect(try await tasks[number].value == 5) }
        await waitUntil { flights.flights.isEmpty }
        #expect(finished.value)
    }

    @Test func `keys fly independently`() async throws {
        let flights = Singleflight<Int, Int>(rank: .layer)
        let gate = Gate()
        let slow = Task {
            try await flights.run(1, holder: "slow") {
                await gate.passed(); return 1
            }
        }
        await waitUntil { flights.flights.count == 1 }
        #expect(try await flights.run(2, holder: "fast") { 2 } == 2)
        gate.open()
        #expect(try await slow.value == 1)
    }

    @Test func `work of one rank may wait for flights of the next`() async throws {
        let chains = Singleflight<String, Int>(rank: .chain)
        let layers = Singleflight<Int, Int>(rank: .layer)
        let sum = try await chains.run("chain", holder: "test") {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for layer in 0..<10 { group.addTask { try await layers.run(layer % 5, holder: "chain") { layer % 5 } } }
                return try await group.reduce(0, +)
            }
        }
        #expect(sum == 20)
    }

    @Test func `a storm of callers and cancellations ends with nothing in flight`() async throws {
        let flights = Singleflight<Int, Int>(rank: .blob)
        var generator = SeededGenerator(seed: 11)
        var tasks: [Task<Void, Never>] = []
        for number in 0..<5_000 {
            tasks.append(
                Task {
                    do {
                        let key = number % 7
                        let value = try await flights.run(key, holder: "\(number)") {
                            await Task.yield(); return key
                        }
                        #expect(value == key)
                    } catch {
                        #expect(error is CancellationError)
                    }
                })
            if number % 2 == 0 { tasks.randomElement(using: &generator)?.cancel() }
        }
        for task in tasks { await task.value }
        await waitUntil { flights.flights.isEmpty }
    }
}
