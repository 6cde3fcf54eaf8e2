import CFuse
import CLinux
import DescriptorStore
import Glibc

/// One thread of a `WorkerPool`.
///
/// The thread that is woken for a session reads one request, has the session watched for the next one by another thread,
/// and answers. That wakes a thread for each request. So a thread that serves one busy reader leads the session instead:
/// it reads and answers one request after the other, and no other thread is told, as long as answering takes no longer
/// than waking another thread would. Before it waits for a disk it gives up the lead (`Reply.takesTime`).
final class Worker {
    private let pool: WorkerPool
    private let slot: Int
    private let recorder: FlightRecorder?
    private let buffer = RequestBuffer()
    /// The session that this thread alone reads from at the moment. Borrowed from `serve`'s caller.
    private var led: Unmanaged<FuseSession>?
    private var ledID: UInt64 = 0
    private var reader: BusyReader

    init(pool: WorkerPool, slot: Int, recorder: FlightRecorder?) {
        self.pool = pool
        self.slot = slot
        reader = BusyReader(pauseNanoseconds: pool.busyPauseNanoseconds)
        self.recorder = slot < FlightRecorder.slotCount ? recorder : nil
        self.recorder?.enter(slot: slot)
    }

    /// Requests that are answered before another session may have its turn.
    private static let turnRequestCount = 32

    /// Answers requests of the session, which no other thread watches, until there is none or another thread watches.
    /// Returns what to do next, if that is known already.
    func serve(_ session: FuseSession, _ id: UInt64) -> WorkerPool.Event {
        led = Unmanaged.passUnretained(session)
        ledID = id
        while true {
            for _ in 0..<Self.turnRequestCount {
                switch session.receive(into: buffer) {
                case .request(let byteCount):
                    answer(session, byteCount)
                    guard led != nil else { return .none }
                case .nothing:
                    giveUpLead()
                    return .none
                case .end:
                    led = nil
                    session.stop()
                    return .none
                }
            }
            let next = pool.nextEvent(wait: false)
            if case .none = next { continue }
            giveUpLead()
            return next
        }
    }

    /// FUSE_UNIQUE_RESEND, which headers older than Linux 6.9 do not have: set in the number of a request that a
    /// predecessor had read. The answer carries it too.
    private static let resentMark: UInt64 = 1 << 63

    private func answer(_ session: FuseSession, _ byteCount: Int) {
        let header = buffer.memory.load(as: fuse_in_header.self)
        let kind = RequestKind(opcode: header.opcode)
        let now = monotonicNanoseconds()
        reader.requestCame(from: header.pid, at: now)
        if reader.isDueToTell { pool.wakeLatency.readerIsBusy(at: now) }
        if reader.requestCount == 0 || kind == .other { giveUpLead() }
        pool.counters.received(kind, thread: slot)
        recorder?.note(
            slot: slot, session: session.recordedID, unique: header.unique & ~Self.resentMark, node: header.nodeid,
            opcode: header.opcode)
        session.process(buffer, byteCount)
        recorder?.clear(slot: slot)
        reader.answered(at: monotonicNanoseconds())
    }

    /// Has another thread read the session's next request. Does nothing when it has happened already.
    func giveUpLead() {
        guard let session = led else { return }
        led = nil
        session._withUnsafeGuaranteedRef { _ = pool.arm($0, ledID, EPOLL_CTL_MOD) }
    }

    // MARK: the calling thread's worker

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = pthread_key_create(&key, nil)
        precondition(code == 0, "no thread-specific key left for workers")
        return key
    }()

    /// Takes the key now, while there are some.
    static func prepare() { _ = key }

    /// Makes it the calling thread's. It lives as long as the thread.
    func attach() { pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque()) }

    /// As `giveUpLead` of the calling thread's worker; does nothing on other threads.
    static func giveUpLead() {
        guard let worker = pthread_getspecific(key) else { return }
        Unmanaged<Worker>.fromOpaque(worker)._withUnsafeGuaranteedRef { $0.giveUpLead() }
    }
}

/// CLOCK_MONOTONIC
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
