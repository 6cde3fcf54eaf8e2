/// First in, first out, and anybody may leave from the middle in constant time.
struct WaitQueue<Element> {
    /// A place in the queue. Never used twice within one queue.
    typealias Ticket = UInt64

    private var elements: [Ticket: Element] = [:]
    /// In order of arrival; tickets that are not in `elements` have left.
    private var order: [Ticket] = []
    /// Position in `order` of the first ticket that has not been popped.
    private var head = 0

    var count: Int { elements.count }
    var isEmpty: Bool { elements.isEmpty }

    /// The caller makes tickets: it needs to know its own before it waits.
    mutating func append(_ element: Element, ticket: Ticket) {
        elements[ticket] = element
        order.append(ticket)
    }

    mutating func popFirst() -> Element? {
        while head < order.count {
            let ticket = order[head]
            head += 1
            guard let element = elements.removeValue(forKey: ticket) else { continue }
            compact()
            return element
        }
        compact()
        return nil
    }

    /// nil when the ticket is not in the queue (any more).
    mutating func remove(_ ticket: Ticket) -> Element? {
        guard let element = elements.removeValue(forKey: ticket) else { return nil }
        compact()
        return element
    }

    /// Everybody, in order.
    consuming func all() -> [Element] {
        order[head...].compactMap { elements[$0] }
    }

    /// Forgets tickets that have left, when they are more than half of `order`. Constant time per call on average.
    private mutating func compact() {
        guard order.count > 16, order.count > 2 * elements.count else { return }
        order = order[head...].filter { elements[$0] != nil }
        head = 0
    }
}
