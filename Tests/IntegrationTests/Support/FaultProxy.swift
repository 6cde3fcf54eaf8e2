import Glibc
import Synchronization

/// A proxy in front of a registry that breaks things on purpose: it holds, cuts, stalls or answers requests itself.
///
/// Each connection carries one request. The proxy runs in threads of the test process, which is not the process that
/// serves the mounts.
final class FaultProxy: Sendable {
    /// What happens to one request.
    enum Fault: Sendable {
        case pass
        /// The answer stops after this many bytes of its body: the connection is closed.
        case cut(afterBytes: Int)
        /// The same by a reset, which also takes what the client has not read yet.
        case reset(afterBytes: Int)
        /// The answer stops after this many bytes of its body and nothing more comes.
        case stall(afterBytes: Int)
        /// The proxy answers itself: status line, headers and body as they are.
        case answer(String)
        /// The request goes on without its Range header.
        case ignoreRange
        /// The body is followed by something that was not announced.
        case append(Int)
    }

    struct Request: Sendable {
        var path: String
        var range: String?
        /// Bytes of the body that went through.
        var byteCount = 0
        /// First byte that was asked for.
        var offset: Int { range.flatMap { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) } ?? 0 }
    }

    let port: Int
    private let upstreamPort: Int
    private let listener: Int32
    private let state = Mutex(State())

    private struct State {
        var requests: [Request] = []
        var rule: @Sendable (Request, Int) -> Fault = { _, _ in .pass }
        var heldPaths: Set<String> = []
        var bytesPerSecond: Int?
        var delaySeconds: Double = 0
        var isStopped = false
    }

    var host: String { "127.0.0.1:\(port)" }

    init(to registry: TestRegistry) throws {
        upstreamPort = registry.port
        port = try freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port: port)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(listener, 128) == 0 else { throw TestFailure("proxy: cannot listen on \(port)") }
        startThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { return }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                if state.withLock({ $0.isStopped }) {
                    close(client)
                    close(listener)
                    return
                }
                startThread { [self] in serve(client) }
            }
        }
    }

    /// Ends the proxy: connections are refused from now on.
    func stop() {
        state.withLock {
            $0.isStopped = true
            $0.heldPaths = []
        }
        _ = canConnect(port: port)
    }

    /// The rule gets each request and its number, counted from 0 over all requests.
    func setRule(_ rule: @escaping @Sendable (Request, Int) -> Fault) { state.withLock { $0.rule = rule } }

    /// Requests whose path ends in one of these wait at the proxy until `release`.
    func hold(_ pathEndings: Set<String>) { state.withLock { $0.heldPaths = pathEndings } }
    func release() { hold([]) }

    /// Of each connection.
    func limit(bytesPerSecond: Int?) { state.withLock { $0.bytesPerSecond = bytesPerSecond } }

    /// Of each answer.
    func delay(seconds: Double) { state.withLock { $0.delaySeconds = seconds } }

    var requests: [Request] { state.withLock { $0.requests } }

    private func serve(_ client: Int32) {
        defer { close(client) }
        guard let head = readHead(client) else { return }
        let lines = head.split(separator: "\r\n").map(String.init)
        let path = lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let range = lines.first { $0.lowercased().hasPrefix("range:") }.map { String($0.dropFirst(6)) }
        let request = Request(path: path, range: range)
        let (number, fault) = state.withLock { state in
            state.requests.append(request)
            return (state.requests.count - 1, state.rule(request, state.requests.count - 1))
        }
        usleep(UInt32(state.withLock { $0.delaySeconds } * 1e6))
        while state.withLock({ $0.heldPaths.contains { path.hasSuffix($0) } }) { usleep(5_000) }
        if case .answer(let text) = fault {
            _ = sendAll(client, Array(text.utf8))
            return
        }

        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(upstream) }
        var address = loopback(port: upstreamPort)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return }
        let ignoresRange = if case .ignoreRange = fault { true } else { false }
        let kept = lines.filter { line in
            let name = line.lowercased()
            return !name.hasPrefix("connection:") && !(ignoresRange && name.hasPrefix("range:"))
        }
        guard sendAll(upstream, Array((kept.joined(separator: "\r\n") + "\r\nConnection: close\r\n\r\n").utf8)),
            let answer = readHead(upstream), sendAll(client, Array((answer + "\r\n\r\n").utf8))
        else { return }
        relayBody(from: upstream, to: client, number: number, fault: fault)
    }

    private func relayBody(from upstream: Int32, to client: Int32, number: Int, fault: Fault) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var total = 0
        while true {
            var wanted = buffer.count
            if let limit = state.withLock({ $0.bytesPerSecond }) {
                wanted = max(1, min(wanted, limit / 100))
                usleep(10_000)
            }
            switch fault {
            case .cut(let bytes), .reset(let bytes), .stall(let bytes): wanted = min(wanted, bytes - total)
            default: break
            }
            if wanted <= 0 { break }
            let count = read(upstream, &buffer, wanted)
            guard count > 0, sendAll(client, Array(buffer[..<count])) else { break }
            total += count
            state.withLock { $0.requests[number].byteCount = total }
        }
        switch fault {
        case .reset:
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        case .stall:
            // Until the client gives up, or the test ends.
            var poller = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
            poll(&poller, 1, 60_000)
        case .append(let count): _ = sendAll(client, [UInt8](repeating: 7, count: count))
        default: break
        }
    }
}

/// A head up to the empty line, without it.
private func readHead(_ descriptor: Int32) -> String? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while bytes.count < 65536 {
        guard read(descriptor, &byte, 1) == 1 else { return nil }
        bytes.append(byte)
        if bytes.suffix(4) == [13, 10, 13, 10] { return String(decoding: bytes.dropLast(4), as: UTF8.self) }
    }
    return nil
}

private func sendAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var position = 0
    while position < bytes.count {
        let count = bytes[position...].withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { return false }
        position += count
    }
    return true
}

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }, context)
    pthread_detach(thread)
}
