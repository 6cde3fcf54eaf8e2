import CFuse
import DescriptorStore
import Glibc
import Synchronization

/// The first exchange of a session (FUSE_INIT): with the kernel, or, for a session that was taken over, from memory.
///
/// libfuse wants to see the kernel's first request before any other. The kernel sends it once, so a successor shows
/// libfuse what its predecessor remembered and keeps the answer to itself. It does so when the first other request comes:
/// a predecessor that died before it had answered leaves the request to the kernel, which sends it again.
final class SessionNegotiation: Sendable {
    /// What becomes of libfuse's answers.
    private enum Phase {
        static let plain: UInt8 = 0
        /// The next one answers the kernel's FUSE_INIT, and is mended.
        static let negotiating: UInt8 = 1
        /// They answer what the kernel did not ask.
        static let replaying: UInt8 = 2
        /// A successor gives them.
        static let left: UInt8 = 3
    }

    private struct Offer {
        var flags: UInt32 = 0
        var flags2: UInt32 = 0
    }

    private let record: SessionRecord?
    private let phase = Atomic(Phase.plain)
    private let done = Atomic(false)
    private let offer = Mutex(Offer())

    init(record: SessionRecord?) { self.record = record }

    var isDone: Bool { done.load(ordering: .acquiring) }

    /// Whether answers have to be looked at.
    @inline(__always)
    var concernsAnswers: Bool { phase.load(ordering: .relaxed) != Phase.plain }

    /// The kernel's first request came. `process` has libfuse answer it. No other request comes before the answer.
    func begin(with request: UnsafeRawBufferPointer, _ process: () -> Void) {
        let size = MemoryLayout<fuse_in_header>.size
        if request.count >= size + MemoryLayout<fuse_init_in>.size {
            let offered = request.loadUnaligned(fromByteOffset: size, as: fuse_init_in.self)
            offer.withLock { $0 = Offer(flags: offered.flags, flags2: offered.flags2) }
        }
        record?.setFirstRequest(request)
        change(from: Phase.plain, to: Phase.negotiating)
        // Before it is answered: the next request may come on another thread at once.
        done.store(true, ordering: .releasing)
        process()
        change(from: Phase.negotiating, to: Phase.plain)
    }

    /// Shows libfuse the remembered first request, once; other threads wait for that.
    func replay(_ process: (UnsafeMutableRawBufferPointer) -> Void) {
        offer.withLock { _ in
            guard !isDone, var request = record?.firstRequest else { return }
            change(from: Phase.plain, to: Phase.replaying)
            request.withUnsafeMutableBytes { process($0) }
            change(from: Phase.replaying, to: Phase.plain)
            done.store(true, ordering: .releasing)
        }
    }

    /// From here on no answer reaches the kernel: it asks the successor again.
    func leave() { phase.store(Phase.left, ordering: .sequentiallyConsistent) }

    /// Whether an answer is to be sent, perhaps mended.
    func lets(_ answer: UnsafeBufferPointer<iovec>) -> Bool {
        switch phase.load(ordering: .relaxed) {
        case Phase.negotiating:
            change(from: Phase.negotiating, to: Phase.plain)
            guard answer.count == 2, answer[1].iov_len >= MemoryLayout<fuse_init_out>.size,
                let reply = answer[1].iov_base?.assumingMemoryBound(to: fuse_init_out.self)
            else { return true }
            let offered = offer.withLock { $0 }
            Negotiation.complete(&reply.pointee, offered: offered.flags, flags2: offered.flags2)
            return true
        case Phase.replaying, Phase.left: return false
        default: return true
        }
    }

    /// Unless the session was left meanwhile.
    private func change(from old: UInt8, to new: UInt8) {
        _ = phase.compareExchange(expected: old, desired: new, ordering: .sequentiallyConsistent)
    }
}
