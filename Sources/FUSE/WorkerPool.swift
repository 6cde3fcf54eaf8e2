import CFuse
import CLinux
public import DescriptorStore
import Glibc
import Synchronization
import SystemPackage
import Threads

/// The threads that serve all sessions: they wait for any session's device, read one request and process it.
///
/// Each device is armed for one event at a time (EPOLLONESHOT): a single request wakes a single thread. See `Worker` for
/// what that thread does then.
public final class WorkerPool: Sendable {
    /// Enough that a few reads which wait for the disk do not hold up the rest.
    public static let defaultThreadCount = 8

    private struct State {
        var lastID: UInt64 = WorkerPool.stopID
        /// Keeps each session alive until it has ended.
        var sessions: [UInt64: FuseSession] = [:]
        var threads: [Thread] = []
    }

    private static let stopID: UInt64 = 0
    private static let pingID = UInt64.max

    private let epoll: FileDescriptor
    private let stopEvent: FileDescriptor
    private let pingEvent: FileDescriptor
    private let pingCount = Atomic(0)
    let recorder: FlightRecorder?
    /// What the threads did so far.
    public let counters: RequestCounters
    /// A leaf: nothing else is locked and nothing waits while it is held.
    private let state = Mutex(State())
    let watcher: InterruptWatcher
    let wakeLatency: WakeLatency
    let busyPauseNanoseconds: UInt64

    /// - Parameter recorder: notes what each thread is at.
    public convenience init(
        threads: Int = WorkerPool.defaultThreadCount, recorder: FlightRecorder? = nil
    ) throws(FuseError) {
        try self.init(threads: threads, recorder: recorder, wakeLatency: WakeLatency())
    }

    init(
        threads: Int, recorder: FlightRecorder? = nil, wakeLatency: WakeLatency,
        busyPauseNanoseconds: UInt64 = BusyReader.pauseNanoseconds
    ) throws(FuseError) {
        self.recorder = recorder
        counters = RequestCounters(threadCount: threads)
        ReplyBuffer.prepare()
        Worker.prepare()
        self.wakeLatency = wakeLatency
        self.busyPauseNanoseconds = busyPauseNanoseconds
        watcher = try InterruptWatcher()
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .workers(Errno(rawValue: errno)) }
        self.epoll = FileDescriptor(rawValue: epoll)
        let stopEvent = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard stopEvent >= 0 else {
            let code = errno
            close(epoll)
            throw .workers(Errno(rawValue: code))
        }
        self.stopEvent = FileDescriptor(rawValue: stopEvent)
        let pingEvent = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard pingEvent >= 0 else {
            let code = errno
            close(epoll)
            close(stopEvent)
            throw .workers(Errno(rawValue: code))
        }
        self.pingEvent = FileDescriptor(rawValue: pingEvent)
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: Self.stopID))
        epoll_ctl(epoll, EPOLL_CTL_ADD, stopEvent, &event)
        // Edge-triggered: each ping wakes one thread.
        event = epoll_event(events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data_t(u64: Self.pingID))
        epoll_ctl(epoll, EPOLL_CTL_ADD, pingEvent, &event)
        for number in 0..<threads {
            do throws(ThreadError) {
                let thread = try Thread.start(name: "imgfs-fuse-\(number)") { self.work(slot: number) }
                state.withLock { $0.threads.append(thread) }
            } catch {
                stop()
                throw .workers(Errno(rawValue: error.errno))
            }
        }
    }

    deinit {
        counters.release()
        close(epoll.rawValue)
        close(stopEvent.rawValue)
        close(pingEvent.rawValue)
    }

    /// Asks for a sign of life; `pings` counts the answers.
    public func ping() { eventfd_write(pingEvent.rawValue, 1) }

    public var pings: Int { pingCount.load(ordering: .relaxed) }

    /// Ends the threads, and leaves all sessions to a successor: what was read and is not answered yet is never
    /// answered here.
    public func leave() {
        eventfd_write(stopEvent.rawValue, 1)
        let (threads, sessions) = state.withLock { state in
            defer { state.threads = [] }
            return (state.threads, state.sessions)
        }
        for thread in threads { thread.join() }
        for session in sessions.values { session.leave() }
    }

    /// Ends the threads and waits for them; a request that is being processed is answered first. Sessions that are
    /// still mounted are served no more. The pool's threads keep it alive, so this is how it ends.
    public func stop() {
        eventfd_write(stopEvent.rawValue, 1)
        let (threads, sessions) = state.withLock { state in
            defer { (state.threads, state.sessions) = ([], [:]) }
            return (state.threads, state.sessions)
        }
        for thread in threads { thread.join() }
        for session in sessions.values { session.end() }
    }

    /// Sessions that are served at the moment.
    public var sessionCount: Int { state.withLock { $0.sessions.count } }

    /// Serves the session until it ends.
    func add(_ session: FuseSession) throws(FuseError) {
        let id = state.withLock { state in
            state.lastID += 1
            state.sessions[state.lastID] = session
            return state.lastID
        }
        guard arm(session, id, EPOLL_CTL_ADD) else {
            let code = errno
            state.withLock { _ = $0.sessions.removeValue(forKey: id) }
            throw .workers(Errno(rawValue: code))
        }
    }

    /// Serves the session no more. The caller keeps it alive.
    func remove(_ session: FuseSession) {
        epoll_ctl(epoll.rawValue, EPOLL_CTL_DEL, session.descriptor.rawValue, nil)
        state.withLock { state in
            state.sessions = state.sessions.filter { $0.value !== session }
        }
    }

    /// Has a thread woken when the session has a request.
    @discardableResult
    func arm(_ session: FuseSession, _ id: UInt64, _ operation: Int32) -> Bool {
        var event = epoll_event(
            events: EPOLLIN.rawValue | EPOLLONESHOT.rawValue, data: epoll_data_t(u64: id))
        return epoll_ctl(epoll.rawValue, operation, session.descriptor.rawValue, &event) == 0
    }

    /// A thread's life.
    private func work(slot: Int) {
        let worker = Worker(pool: self, slot: slot, recorder: recorder)
        worker.attach()
        var ready = nextEvent(wait: true)
        while true {
            switch ready {
            case .stop: return
            case .none: ready = nextEvent(wait: true)
            case .session(let session, let id): ready = worker.serve(session, id)
            }
        }
    }

    enum Event {
        /// A session that has a request. No other thread is told until it is armed again.
        case session(FuseSession, id: UInt64)
        case none, stop
    }

    /// What is there for a thread to do; `wait` sleeps until there is something.
    func nextEvent(wait: Bool) -> Event {
        var event = epoll_event()
        let milliseconds = !wait ? 0 : wakeLatency.isHeld ? WakeLatency.holdMilliseconds : -1
        let count = epoll_wait(epoll.rawValue, &event, 1, milliseconds)
        // Not only when nothing came: one and the same thread gets whatever trickles in.
        if wakeLatency.isHeld { wakeLatency.releaseIfIdle(at: monotonicNanoseconds()) }
        guard count == 1 else { return .none }
        switch event.data.u64 {
        case Self.stopID: return .stop
        case Self.pingID:
            pingCount.wrappingAdd(1, ordering: .relaxed)
            return .none
        case let id:
            guard let session = state.withLock({ $0.sessions[id] }) else { return .none }
            return .session(session, id: id)
        }
    }
}

/// Memory of one thread for one request, as large as the kernel insists on though only small requests come.
final class RequestBuffer {
    let memory: UnsafeMutableRawBufferPointer

    init() {
        memory = .allocate(byteCount: ReplyBuffer.byteCount + 4096, alignment: 4096)
    }

    deinit { memory.deallocate() }
}
