import TestSupport
import Testing

@testable import KeyedMutex

struct WaitQueueTests {
    @Test func `elements come out in the order in which they went in`() {
        var queue = WaitQueue<Int>()
        for value in 0..<100 { queue.append(value, ticket: UInt64(value)) }
        var seen: [Int] = []
        while let value = queue.popFirst() { seen.append(value) }
        #expect(seen == Array(0..<100))
        #expect(queue.isEmpty)
    }

    @Test func `who left is not served and leaves once`() {
        var queue = WaitQueue<String>()
        queue.append("a", ticket: 1)
        queue.append("b", ticket: 2)
        queue.append("c", ticket: 3)
        #expect(queue.remove(2) == "b")
        #expect(queue.remove(2) == nil)
        #expect(queue.count == 2)
        #expect(queue.popFirst() == "a")
        #expect(queue.remove(1) == nil)
        #expect(queue.all() == ["c"])
    }

    @Test func `any mixture of arrivals, departures and service keeps the order`() {
        var generator = SeededGenerator(seed: 7)
        var queue = WaitQueue<UInt64>()
        var model: [UInt64] = []
        var ticket: UInt64 = 0
        for _ in 0..<20_000 {
            switch UInt8.random(in: 0..<4, using: &generator) {
            case 0, 1:
                ticket += 1
                queue.append(ticket, ticket: ticket)
                model.append(ticket)
            case 2:
                let expected = model.isEmpty ? nil : model.removeFirst()
                #expect(queue.popFirst() == expected)
            default:
                guard let leaver = model.randomElement(using: &generator) else { continue }
                model.removeAll { $0 == leaver }
                #expect(queue.remove(leaver) == leaver)
            }
            #expect(queue.count == model.count)
        }
        #expect(queue.all() == model)
    }
}
