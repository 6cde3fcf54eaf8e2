import CLinux
import Glibc
import Synchronization
import Threads

@testable import Registry

/// An HTTP/1.1 server on a port of its own that answers as a test wants it to, and records what it was asked.
///
/// One thread accepts, one serves each connection. `deinit` is not enough to end it: call `stop`, or use `serving`.
final class FakeRegistry: Sendable {
    struct Request: Sendable {
        var method: String
        /// Path and query.
        var target: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String

        var path: String { String(target.prefix { $0 != "?" }) }
        var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
        var authorization: String? { headers["authorization"] }
        var range: String? { headers["range"] }
    }

    struct Response: Sendable {
        enum Ending: Sendable {
            case keepAlive
            case close
            /// A TCP reset.
            case reset
            /// Nothing more comes until the server stops or the client goes.
            case stall
            /// What `sentByteCount` left out comes byte by byte as long as this holds, then all at once.
            case drip(@Sendable (_ requestCount: Int, _ connectionCount: Int) -> Bool)
        }

        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// Content-Length: that of the body, or a lie; with nil the body comes in chunks.
        var contentLength: Int?
        /// Only so much of the body is sent.
        var sentByteCount: Int?
        var ending = Ending.keepAlive

        init(
            _ status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = [], sentByteCount: Int? = nil,
            ending: Ending = .keepAlive
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.sentByteCount = sentByteCount
            self.ending = ending
            contentLength = body.count
        }

        init(_ status: Int, _ text: String, headers: [(String, String)] = []) {
            self.init(status, headers: headers, body: Array(text.utf8))
        }
    }

    /// `position` counts the requests of this server, from 0.
    typealias Handler = @Sendable (_ request: Request, _ position: Int) -> Response

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var isStopped = false
    }

    let port: UInt16
    private let listener: Int32
    private let handler: Handler
    private let state = Mutex(State())
    private let ended = Monitor(false)

    /// Serves while `body` runs.
    static func serving<Result>(
        _ handler: @escaping Handler, _ body: (FakeRegistry) throws -> Result
    ) throws -> Result {
        let server = try FakeRegistry(handler)
        defer { server.stop() }
        return try body(server)
    }

    struct SetupError: Error { var code: Int32 }

    init(_ handler: @escaping Handler) throws {
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { [listener] address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard bound else { throw SetupError(code: errno) }
        port = UInt16(bigEndian: address.sin_port)
        Self.startThread { self.acceptConnections() }
    }

    var host: String { "127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        ended.change { $0 = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptConnections() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let isWanted = state.withLock { state in
                if !state.isStopped { state.connections.insert(connection) }
                return !state.isStopped
            }
            guard isWanted else {
                close(connection)
                break
            }
            Self.startThread { self.serve(connection) }
        }
        close(listener)
    }

    private func serve(_ connection: Int32) {
        defer {
            state.withLock { _ = $0.connections.remove(connection) }
            close(connection)
        }
        var buffered: [UInt8] = []
        while let request = readRequest(connection, &buffered) {
            let position = state.withLock { state in
                state.requests.append(request)
                return state.requests.count - 1
            }
            guard send(handler(request, position), on: connection) else { return }
        }
    }

    private func readRequest(_ connection: Int32, _ buffered: inout [UInt8]) -> Request? {
        var piece = [UInt8](repeating: 0, count: 65_536)
        func fill() -> Bool {
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return false }
            buffered += piece[..<count]
            return true
        }
        let blank = Array("\r\n\r\n".utf8)
        while buffered.count < 4
            || !buffered.indices.dropLast(3).contains(where: { Array(buffered[$0..<($0 + 4)]) == blank })
        {
            // The hello of a TLS client has no blank line; a plain server closes on it.
            guard buffered.first != 0x16, fill() else { return nil }
        }
        let end = buffered.indices.first { Array(buffered[$0...].prefix(4)) == blank } ?? 0
        let lines = String(decoding: buffered[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        buffered.removeFirst(end + 4)
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffered.count < length { guard fill() else { return nil } }
        let body = String(decoding: buffered[..<length], as: UTF8.self)
        buffered.removeFirst(length)
        return Request(method: String(words[0]), target: String(words[1]), headers: headers, body: body)
    }

    /// False when the connection is to be closed.
    private func send(_ response: Response, on connection: Int32) -> Bool {
        var head = "HTTP/1.1 \(response.status) X\r\n"
        for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
        head += response.contentLength.map { "Content-Length: \($0)\r\n" } ?? "Transfer-Encoding: chunked\r\n"
        var bytes = Array((head + "\r\n").utf8)
        let body = response.body.prefix(response.sentByteCount ?? .max)
        if response.contentLength != nil {
            bytes += body
        } else {
            if !body.isEmpty {
                bytes += Array((String(body.count, radix: 16) + "\r\n").utf8) + body + Array("\r\n".utf8)
            }
            if case .keepAlive = response.ending { bytes += Array("0\r\n\r\n".utf8) }
        }
        guard write(bytes, to: connection) else { return false }
        switch response.ending {
        case .keepAlive: return true
        case .close: return false
        case .reset:
            // The client shall have what was sent before the reset overtakes it.
            usleep(20_000)
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            return false
        case .stall:
            _ = ended.wait(seconds: 30) { $0 }
            return false
        case .drip(let goesOn):
            var rest = response.body[body.endIndex...]
            let sendsAllAfter = ContinuousClock.now + .seconds(30)
            while !rest.isEmpty {
                let drips =
                    ContinuousClock.now < sendsAllAfter
                    && state.withLock { goesOn($0.requests.count, $0.connections.count) }
                let piece = drips ? rest.prefix(1) : rest
                guard write(Array(piece), to: connection) else { return false }
                rest = rest.dropFirst(piece.count)
                if drips { usleep(2_000) }
            }
            return true
        }
    }

    private func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private final class Start: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func startThread(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(body)).toOpaque()
        precondition(pthread_create(&thread, nil, runThread, start) == 0)
        pthread_detach(thread)
    }

    fileprivate static func run(_ start: UnsafeMutableRawPointer) {
        Unmanaged<Start>.fromOpaque(start).takeRetainedValue().body()
    }
}

private func runThread(_ start: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let start { FakeRegistry.run(start) }
    return nil
}
