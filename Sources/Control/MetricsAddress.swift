/// Where a daemon lets its metrics be read: a Unix socket, or a port that only this machine can reach.
public enum MetricsAddress: Sendable, Hashable, Codable {
    case unix(path: String)
    /// `host` is an address of 127.0.0.0/8, in dotted form.
    case ipv4(host: String, port: UInt16)
    /// `[::1]`
    case ipv6(port: UInt16)

    public struct ParseError: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// `unix:PATH`, `127.0.0.1:PORT` or `[::1]:PORT`. Any other address could be reached from elsewhere and is refused.
    public init(parsing text: String) throws(ParseError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, path.utf8.count <= SocketAddress.maximumPathByteCount, !path.utf8.contains(0) else {
                throw ParseError(
                    description: "the path of a socket has 1 to \(SocketAddress.maximumPathByteCount) bytes")
            }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...]) else {
            throw ParseError(
                description: "'\(text)' is no address for metrics, which is unix:PATH, 127.0.0.1:PORT or [::1]:PORT")
        }
        let host = String(text[..<colon])
        if host == "[::1]" {
            self = .ipv6(port: port)
        } else if Self.isLoopback(host) {
            self = .ipv4(host: host, port: port)
        } else {
            throw ParseError(
                description: "'\(host)' is not a loopback address: metrics are for this machine alone; use 127.0.0.1,"
                    + " [::1] or unix:PATH, and a proxy with access control in front of it")
        }
    }

    private static func port(_ text: Substring) -> UInt16? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(text), port > 0 else { return nil }
        return port
    }

    /// Four decimal numbers, the first one 127.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127" else { return false }
        return parts.allSatisfy { part in
            UInt8(part).map { String($0) == part } ?? false
        }
    }
}

extension MetricsAddress: CustomStringConvertible {
    /// As `init(parsing:)` takes it.
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .ipv4(let host, let port): "\(host):\(port)"
        case .ipv6(let port): "[::1]:\(port)"
        }
    }
}
