import Synchronization

/// Finds the deferred reply that an interrupt is meant for.
///
/// libfuse's callback may come while the reply is being answered on another thread, so it must not hold a pointer to
/// it: it gets a ticket, which simply leads nowhere any more.
final class InterruptTable: Sendable {
    struct Ticket: Hashable, Sendable {
        private let number: UInt

        init(number: UInt) { self.number = number }

        init?(_ pointer: UnsafeMutableRawPointer?) {
            guard let pointer else { return nil }
            number = UInt(bitPattern: pointer)
        }

        var pointer: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: number) }
    }

    private struct Slot {
        weak var reply: DeferredReply?
        var isFilled = false
        var wasInterrupted = false
    }

    private struct State {
        var lastNumber: UInt = 0
        var slots: [Ticket: Slot] = [:]
    }

    private let state = Mutex(State())

    /// A ticket that leads nowhere yet.
    func reserve() -> Ticket {
        state.withLock { state in
            state.lastNumber += 1
            let ticket = Ticket(number: state.lastNumber)
            state.slots[ticket] = Slot()
            return ticket
        }
    }

    /// Makes the ticket lead to `reply`. True when an interrupt came in the meantime.
    func fill(_ ticket: Ticket, with reply: DeferredReply) -> Bool {
        state.withLock { state in
            let wasInterrupted = state.slots[ticket]?.wasInterrupted ?? false
            state.slots[ticket] = Slot(reply: reply, isFilled: true)
            return wasInterrupted
        }
    }

    /// The reply to watch now, if there is one.
    func interrupted(_ ticket: Ticket) -> DeferredReply? {
        state.withLock { state in
            guard let slot = state.slots[ticket] else { return nil }
            if !slot.isFilled { state.slots[ticket]?.wasInterrupted = true }
            return slot.reply
        }
    }

    func remove(_ ticket: Ticket) {
        state.withLock { _ = $0.slots.removeValue(forKey: ticket) }
    }

    /// For tests.
    var count: Int { state.withLock { $0.slots.count } }
}
