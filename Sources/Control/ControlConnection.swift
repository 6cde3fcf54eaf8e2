import CLinux
import Glibc
import Synchronization

/// One client of a server. Its requests are handled one after the other, each in a task.
///
/// The server's thread reads; replies are written by whoever has them, without blocking, and by the server's thread
/// where the client is slow to read.
final class ControlConnection: Sendable {
    let id: UInt64
    let caller: Caller
    private let socket: Int32
    private let epoll: Int32
    private let handle: @Sendable ([UInt8], ControlConnection) async -> Void

    private struct State {
        var input = LineBuffer()
        var output = Outbox()
        /// The request that is being handled.
        var task: Task<Void, Never>?
        var isClosed = false
        /// No more is read; closed when the output is written.
        var isEnding = false
    }

    private let state = Mutex(State())

    /// Owns `socket` and registers it with `epoll` under `id`. `handle` is called with each line.
    init(
        id: UInt64, socket: Int32, caller: Caller, epoll: Int32,
        handle: @escaping @Sendable ([UInt8], ControlConnection) async -> Void
    ) {
        self.id = id
        self.socket = socket
        self.caller = caller
        self.epoll = epoll
        self.handle = handle
    }

    /// Starts to watch. False: the kernel refuses.
    func register() -> Bool { control(EPOLL_CTL_ADD, EPOLLIN.rawValue) }

    /// Reads what is there. False: the client is gone.
    func readable() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            state.withLock { state in
                guard !state.isClosed else { return false }
                guard state.task == nil && !state.isEnding else { return true }
                let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                guard count != 0 else { return false }
                guard count > 0 else { return errno == EAGAIN || errno == EINTR }
                do throws(ControlError) {
                    try state.input.append(buffer.prefix(count))
                } catch {
                    state.isEnding = true
                    enqueue(ControlReply<Nothing, Nothing>(error: ControlFailure(error)), nil, &state)
                    return !state.isClosed
                }
                next(&state)
                return true
            }
        }
    }

    /// Writes what waits. False: the client is gone, or everything is said.
    func writable() -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            return flush(&state)
        }
    }

    /// Sends a reply, and takes over the descriptor that goes with it. A client that is gone misses it.
    func send(_ reply: ControlReply<some Encodable, some Encodable>, descriptor: Int32? = nil) {
        state.withLock { enqueue(reply, descriptor, &$0) }
    }

    /// Sends an event unless the client is behind with reading and can do without.
    func send(event: some Encodable, isDispensable: Bool) {
        state.withLock { state in
            if isDispensable && state.output.byteCount > Outbox.droppingByteCount { return }
            enqueue(ControlReply<Nothing, _>(event: event), nil, &state)
        }
    }

    /// Gives up the request and closes the socket.
    func close() {
        let task = state.withLock { state -> Task<Void, Never>? in
            guard !state.isClosed else { return nil }
            state.isClosed = true
            state.output.discard()
            _ = Glibc.close(socket)
            return state.task
        }
        task?.cancel()
    }

    /// Starts on the next whole line, or waits for more input.
    private func next(_ state: inout State) {
        if let line = state.input.next() {
            state.task = Task {
                await handle(line, self)
                finished()
            }
        }
        watch(state)
    }

    private func finished() {
        state.withLock { state in
            state.task = nil
            if !state.isClosed { next(&state) }
        }
    }

    private func enqueue(
        _ reply: ControlReply<some Encodable, some Encodable>, _ descriptor: Int32?, _ state: inout State
    ) {
        guard !state.isClosed else {
            if let descriptor { _ = Glibc.close(descriptor) }
            return
        }
        state.output.append(Self.line(reply), descriptor: descriptor)
        _ = flush(&state)
    }

    /// False: nothing more can or need be written.
    private func flush(_ state: inout State) -> Bool {
        let progress = state.output.flush { bytes, descriptor in
            imgfs_send(socket, bytes.baseAddress, bytes.count, descriptor, Int32(MSG_DONTWAIT))
        }
        let isOver = progress == .broken || state.output.byteCount > Outbox.maximumByteCount
        // Hanging up here makes the server's thread close the connection: it alone closes.
        if isOver || (state.isEnding && progress == .empty) { shutdown(socket, Int32(SHUT_RDWR)) }
        watch(state)
        return !isOver
    }

    /// Wants input while no request is being handled, and room for output while there is output.
    private func watch(_ state: State) {
        var events: UInt32 = 0
        if state.task == nil && !state.isEnding { events |= EPOLLIN.rawValue }
        if !state.output.isEmpty { events |= EPOLLOUT.rawValue }
        _ = control(EPOLL_CTL_MOD, events)
    }

    private func control(_ operation: Int32, _ events: UInt32) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: id))
        return epoll_ctl(epoll, operation, socket, &event) == 0
    }

    private static func line(_ reply: ControlReply<some Encodable, some Encodable>) -> [UInt8] {
        do {
            return try ControlCoding.line(reply)
        } catch {
            let failure = ControlFailure(error)
            let text = #"{"error":{"kind":"fault","message":"the answer cannot be sent: "#
            let safe = failure.message.filter { $0 != "\"" && $0 != "\\" && $0 >= " " }
            return Array((text + safe + "\"}}\n").utf8)
        }
    }
}
