import CLinux
import Glibc
import OCI
public import SystemPackage

/// A connection to the daemon. Blocks; one request at a time. Closing it gives up the request.
public final class ControlClient {
    private let socket: FileDescriptor
    /// Of the socket.
    public let path: String
    private var input = LineBuffer()

    /// Connects to the daemon that listens on `path`. Throws `.notRunning` when none does.
    public init(connectingTo path: String) throws(ControlError) {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", path: path, Errno(rawValue: errno)) }
        socket = FileDescriptor(rawValue: descriptor)
        self.path = path
        var failure: Errno?
        repeat {
            failure = try SocketAddress.with(path) { address, length in
                connect(descriptor, address, length) == 0 ? nil : Errno(rawValue: errno)
            }
        } while failure == .interrupted
        switch failure {
        case nil: return
        case .connectionRefused, .noSuchFileOrDirectory: throw .notRunning(socket: path)
        case .some(let error): throw .system(call: "connect to", path: path, error)
        }
    }

    deinit { _ = close(socket.rawValue) }

    /// The connection's descriptor, for poll(2).
    public var descriptor: FileDescriptor { socket }

    /// Asks for a mount. The caller owns the descriptor that it gets.
    public func mount(_ request: MountRequest) throws(ControlError) -> MountGrant {
        let (details, descriptor) = try exchange(.mount(request), MountDetails.self, Nothing.self) { _ in }
        guard let descriptor else { throw .malformed("no mount came with it") }
        return MountGrant(descriptor: descriptor, details: details)
    }

    public func attached(_ report: MountReport) throws(ControlError) {
        _ = try call(.attached(report), Nothing.self)
    }

    public func pull(_ request: PullRequest, events: (PullEvent) -> Void) throws(ControlError) -> ImageSummary {
        try call(.pull(request), ImageSummary.self, PullEvent.self, events)
    }

    public func images() throws(ControlError) -> [ImageRecord] { try call(.images, [ImageRecord].self) }
    public func mounts() throws(ControlError) -> [MountRecord] { try call(.mounts, [MountRecord].self) }
    public func status() throws(ControlError) -> DaemonStatus { try call(.status, DaemonStatus.self) }
    public func waits() throws(ControlError) -> [WaitRecord] { try call(.waits, [WaitRecord].self) }

    public func inspect(_ request: SourceRequest) throws(ControlError) -> ImageInspection {
        try call(.inspect(request), ImageInspection.self)
    }

    public func explain(_ request: ExplainRequest) throws(ControlError) -> Explanation {
        try call(.explain(request), Explanation.self)
    }

    public func remove(_ request: RemoveRequest) throws(ControlError) -> RemoveResult {
        try call(.remove(request), RemoveResult.self)
    }

    public func prune(_ request: PruneRequest) throws(ControlError) -> PruneResult {
        try call(.prune(request), PruneResult.self)
    }

    public func verify(events: (VerifyEvent) -> Void) throws(ControlError) -> VerifyResult {
        try call(.verify, VerifyResult.self, VerifyEvent.self, events)
    }

    /// Waits until the daemon handles requests. Throws `.noAnswer` after `seconds`.
    public func waitUntilServed(seconds: Int) throws(ControlError) {
        setTimeout(seconds)
        defer { setTimeout(0) }
        do {
            _ = try waits()
        } catch .system(_, _, .wouldBlock) {
            throw .noAnswer(socket: path, seconds: seconds)
        }
    }

    private func setTimeout(_ seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        _ = setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Ends the daemon and returns when it has closed the connection, which it does last.
    public func stop(_ request: StopRequest) throws(ControlError) { try end(.stop(request)) }

    /// Has another program go on in the daemon's place. Returns when the daemon has closed the connection, which it does
    /// last.
    public func replace(_ request: ReplaceRequest) throws(ControlError) { try end(.replace(request)) }

    private func end(_ request: ControlRequest) throws(ControlError) {
        do {
            _ = try call(request, Nothing.self)
            while true { _ = try receiveLine() }
        } catch .disconnected {
            return
        }
    }

    private func call<Result: Decodable>(_ request: ControlRequest, _ result: Result.Type) throws(ControlError)
        -> Result
    {
        try call(request, result, Nothing.self) { _ in }
    }

    private func call<Result: Decodable, Event: Decodable>(
        _ request: ControlRequest, _ result: Result.Type, _ event: Event.Type, _ events: (Event) -> Void
    ) throws(ControlError) -> Result {
        let (value, descriptor) = try exchange(request, result, event, events)
        if let descriptor { _ = close(descriptor.rawValue) }
        return value
    }

    private func exchange<Result: Decodable, Event: Decodable>(
        _ request: ControlRequest, _: Result.Type, _: Event.Type, _ events: (Event) -> Void
    ) throws(ControlError) -> (Result, FileDescriptor?) {
        try send(request)
        while true {
            let (line, descriptor) = try receiveLine()
            let reply: ControlReply<Result, Event>
            do {
                reply = try ControlCoding.decode(ControlReply<Result, Event>.self, from: line)
            } catch {
                if let descriptor { _ = close(descriptor.rawValue) }
                throw .malformed("\(error)")
            }
            if let result = reply.result, reply.error == nil { return (result, descriptor) }
            if let descriptor { _ = close(descriptor.rawValue) }
            if let error = reply.error { throw .remote(error.kind, error.message) }
            if let event = reply.event { events(event) }
        }
    }

    func send(_ request: ControlRequest) throws(ControlError) {
        let line: [UInt8]
        do {
            line = try ControlCoding.line(request)
        } catch {
            throw error as? ControlError ?? .malformed("\(error)")
        }
        var sent = 0
        while sent < line.count {
            let count = line.withUnsafeBytes { bytes in
                imgfs_send(
                    socket.rawValue, UnsafeRawBufferPointer(rebasing: bytes[sent...]).baseAddress, line.count - sent,
                    -1, 0)
            }
            if count >= 0 {
                sent += count
            } else if errno != EINTR {
                let error = Errno(rawValue: errno)
                throw error == .brokenPipe || error == .connectionReset
                    ? .disconnected : .system(call: "write to", path: path, error)
            }
        }
    }

    /// A line, and the descriptor that came with it.
    func receiveLine() throws(ControlError) -> ([UInt8], FileDescriptor?) {
        var received: FileDescriptor?
        while true {
            if let line = input.next() { return (line, received) }
            var descriptor: Int32 = -1
            let (chunk, count) = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
                let count = imgfs_receive(socket.rawValue, buffer.baseAddress, buffer.count, &descriptor, 0)
                return (count > 0 ? Array(buffer.prefix(count)) : [], count)
            }
            if descriptor >= 0 {
                if let received { _ = close(received.rawValue) }
                received = FileDescriptor(rawValue: descriptor)
            }
            if count < 0 && errno == EINTR { continue }
            do throws(ControlError) {
                guard count != 0 else { throw .disconnected }
                guard count > 0 else {
                    let error = Errno(rawValue: errno)
                    throw error == .connectionReset ? .disconnected : .system(call: "read from", path: path, error)
                }
                try input.append(chunk)
            } catch {
                if let received { _ = close(received.rawValue) }
                throw error
            }
        }
    }
}
