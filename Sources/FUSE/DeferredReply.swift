import CFuse
import DescriptorStore
import Synchronization

/// A reply that outlives the call it came with, for answers that take long. It holds no thread.
///
/// `take` hands out the reply once; whoever gets it answers. When the caller is killed or interrupted meanwhile, the
/// session takes the reply itself and answers EINTR. A deferred reply that is let go without an answer answers EIO.
public final class DeferredReply: Sendable {
    private let reply: Mutex<Reply?>
    /// Keeps libfuse's session alive, in which the request lives.
    private let session: FuseSession
    private let ticket: InterruptTable.Ticket
    /// The request as the flight recorder names it.
    private let recorded: Suspect?
    private let deferredAt = ContinuousClock.now
    /// The thread that waits for the answer, in the daemon's pid namespace; 0 when it is not visible there.
    let callerThread: Int32

    public init(_ reply: consuming Reply) {
        let request = reply.request
        session = FUSE.session(of: request).takeUnretainedValue()
        recorded = session.pool.recorder?.current()
        callerThread = fuse_req_ctx(request).pointee.pid
        ticket = session.interrupts.reserve()
        // Before anybody else can answer, since the request is freed with the answer. An interrupt that came already
        // is reported at once, and one that comes before `fill` is kept under the ticket.
        fuse_req_interrupt_func(request, requestWasInterrupted, ticket.pointer)
        self.reply = Mutex(reply)
        if session.interrupts.fill(ticket, with: self) { session.pool.watcher.watch(self) }
    }

    deinit { session.interrupts.remove(ticket) }

    /// The reply, for the first who asks; nil when it is answered or about to be.
    public func take() -> Reply? {
        guard let reply = reply.withLock({ $0.take() }) else { return nil }
        session.interrupts.remove(ticket)
        session.pool.counters.waited(ContinuousClock.now - deferredAt)
        return reply
    }

    /// Does the request's work, on any thread, and has the flight recorder know.
    public func work(_ body: () -> Void) {
        guard let recorded, let recorder = session.pool.recorder else { return body() }
        recorder.during(recorded, body)
    }

    /// Whether somebody still waits for the answer.
    public var isPending: Bool {
        reply.withLock { reply in
            switch reply {
            case .some: true
            case .none: false
            }
        }
    }
}

/// Called by libfuse, on a session's thread, with the request locked: so no answer may be sent here.
private func requestWasInterrupted(_ request: OpaquePointer?, _ data: UnsafeMutableRawPointer?) {
    guard let request, let ticket = InterruptTable.Ticket(data) else { return }
    session(of: request)._withUnsafeGuaranteedRef { session in
        if let reply = session.interrupts.interrupted(ticket) { session.pool.watcher.watch(reply) }
    }
}
