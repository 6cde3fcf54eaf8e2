import FUSE
import Synchronization

/// Requests that wait for the image, and whether somebody makes it ready.
///
/// Any number of them hold no thread. One is enough to have the image opened; after a failure the next one is.
final class ParkingLot: Sendable {
    struct Parked: Sendable {
        let request: ParkedRequest
        let reply: DeferredReply
    }

    enum Outcome {
        /// It waits; somebody is at work.
        case waits
        /// It waits, and the caller is to have the image opened.
        case waitsAsFirst
        /// The image became ready in the meantime: it was not parked.
        case ready
        /// The session has ended: it was not parked, and nobody reads its answer.
        case ended
    }

    private struct State {
        var parked: [Parked] = []
        var isOpening = false
        var hasEnded = false
        /// From this length on those who gave up are swept out.
        var sweepLength = ParkingLot.smallestSweepLength
    }

    private static let smallestSweepLength = 1024

    /// A leaf: nothing is called while it is held, but `isReady` and the replies' own leaf locks.
    private let state = Mutex(State())

    /// `isReady` is asked under the lock. Whoever makes the image ready calls `drain` afterwards, so nobody is left
    /// behind.
    func park(_ parked: Parked, unless isReady: () -> Bool) -> Outcome {
        state.withLock { state in
            if isReady() { return .ready }
            if state.hasEnded { return .ended }
            if state.parked.count >= state.sweepLength {
                state.parked.removeAll { !$0.reply.isPending }
                state.sweepLength = max(Self.smallestSweepLength, 2 * state.parked.count)
            }
            state.parked.append(parked)
            defer { state.isOpening = true }
            return state.isOpening ? .waits : .waitsAsFirst
        }
    }

    /// Everybody who waits; the next one to come is the first again.
    func drain() -> [Parked] {
        state.withLock { state in
            defer { state = State(hasEnded: state.hasEnded) }
            return state.parked
        }
    }

    /// Everybody who waits; nobody is parked any more. A request that another thread had in its hands when the session
    /// ended would keep the session alive for ever.
    func close() -> [Parked] {
        state.withLock { $0.hasEnded = true }
        return drain()
    }

    var waitingCount: Int {
        state.withLock { state in state.parked.count { $0.reply.isPending } }
    }
}
