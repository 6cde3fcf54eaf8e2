import CLinux
import Glibc
import Synchronization
import SystemPackage
import Threads

/// Serves a `ControlService` to any number of clients, with one thread for all of them.
public final class ControlServer: Sendable {
    private enum Token {
        static let listener: UInt64 = 0
        static let wake: UInt64 = 1
        static let firstConnection: UInt64 = 2
    }

    private let socket: ListeningSocket
    private let dispatch: ControlDispatch
    private let epoll: Int32
    /// An eventfd that ends the thread, or asks it for a sign of life.
    private let wake: Int32
    private let isStopping = Atomic(false)
    private let pingCount = Atomic(0)
    private let thread = Mutex<Thread?>(nil)

    /// Throws when the kernel gives no more descriptors.
    public init(_ socket: ListeningSocket, service: any ControlService) throws(ControlError) {
        self.socket = socket
        dispatch = ControlDispatch(service: service)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard epoll >= 0, wake >= 0, watch(socket.descriptor, Token.listener), watch(wake, Token.wake) else {
            throw .system(call: "epoll for", path: socket.path, Errno(rawValue: errno))
        }
    }

    deinit {
        if epoll >= 0 { _ = close(epoll) }
        if wake >= 0 { _ = close(wake) }
    }

    /// Begins to accept clients.
    public func start() throws(ControlError) {
        do throws(ThreadError) {
            let started = try Thread.start(name: "imgfs-control") { self.run() }
            thread.withLock { $0 = started }
        } catch {
            throw .system(call: "start a thread for", path: socket.path, Errno(rawValue: error.errno))
        }
    }

    /// Stops accepting, gives up every request that is being handled and closes all connections. Blocks until the
    /// thread has ended. Does nothing the second time.
    public func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        isStopping.store(true, ordering: .releasing)
        eventfd_write(wake, 1)
        thread.join()
    }

    /// Asks for a sign of life; `pings` counts the answers.
    public func ping() { eventfd_write(wake, 1) }

    public var pings: Int { pingCount.load(ordering: .relaxed) }

    private func run() {
        var connections: [UInt64: ControlConnection] = [:]
        var nextID = Token.firstConnection
        var isAccepting = true
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            // When the process is out of descriptors, a listener that stays ready would make this loop spin.
            let count = epoll_wait(epoll, &events, Int32(events.count), isAccepting ? -1 : 100)
            if !isAccepting { isAccepting = watch(socket.descriptor, Token.listener) }
            for event in events.prefix(Int(max(0, count))) {
                switch event.data.u64 {
                case Token.wake:
                    var count: eventfd_t = 0
                    eventfd_read(wake, &count)
                    pingCount.wrappingAdd(1, ordering: .relaxed)
                    guard isStopping.load(ordering: .acquiring) else { continue }
                    for connection in connections.values { connection.close() }
                    return
                case Token.listener:
                    if !acceptAll(&connections, &nextID) {
                        _ = epoll_ctl(epoll, EPOLL_CTL_DEL, socket.descriptor, nil)
                        isAccepting = false
                    }
                case let id:
                    guard let connection = connections[id], !serve(connection, event.events) else { continue }
                    connection.close()
                    connections[id] = nil
                }
            }
        }
    }

    /// False: the client is gone.
    private func serve(_ connection: ControlConnection, _ events: UInt32) -> Bool {
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { return false }
        if events & EPOLLOUT.rawValue != 0, !connection.writable() { return false }
        if events & EPOLLIN.rawValue != 0, !connection.readable() { return false }
        return true
    }

    /// False: there are no descriptors left for more.
    private func acceptAll(_ connections: inout [UInt64: ControlConnection], _ nextID: inout UInt64) -> Bool {
        while true {
            let descriptor = imgfs_accept(socket.descriptor)
            if descriptor < 0 {
                switch errno {
                case EMFILE, ENFILE, ENOBUFS, ENOMEM: return false
                case EINTR, ECONNABORTED: continue
                default: return true
                }
            }
            var caller = Caller(userID: .max, groupID: .max, processID: 0)
            guard imgfs_peer_credentials(descriptor, &caller.processID, &caller.userID, &caller.groupID) == 0 else {
                _ = close(descriptor)
                continue
            }
            let dispatch = dispatch
            let connection = ControlConnection(id: nextID, socket: descriptor, caller: caller, epoll: epoll) {
                await dispatch.handle($0, on: $1)
            }
            nextID += 1
            if connection.register() { connections[connection.id] = connection } else { connection.close() }
        }
    }

    private func watch(_ descriptor: Int32, _ token: UInt64) -> Bool {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: token))
        return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }
}
