/// What a client of the metrics wants, RFC 9112. The rest of the request's head says nothing of interest.
enum HTTPRequestLine: Equatable {
    case metrics
    /// A path that is not there.
    case unknownPath
    /// Another method than GET.
    case otherMethod
    case malformed

    /// The most bytes that a request's head may have.
    static let maximumHeadByteCount = 8 << 10

    /// nil: the head is not there whole.
    init?(head: [UInt8]) {
        let text = String(decoding: head, as: UTF8.self)
        guard text.contains("\r\n\r\n") || text.contains("\n\n") else { return nil }
        let line = text.prefix { !$0.isNewline }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", words[1].hasPrefix("/") else {
            self = .malformed
            return
        }
        if words[1].prefix(while: { $0 != "?" }) != "/metrics" {
            self = .unknownPath
        } else {
            self = words[0] == "GET" ? .metrics : .otherMethod
        }
    }

    /// The whole answer to it; `body` is asked for the metrics, and nil when there are none.
    func answer(_ body: () -> String?) -> String {
        switch self {
        case .metrics:
            guard let body = body() else {
                return Self.answer("503 Service Unavailable", "the daemon's state is not known\n")
            }
            return Self.answer("200 OK", type: "text/plain; version=0.0.4; charset=utf-8", body)
        case .unknownPath: return Self.answer("404 Not Found", "there is only /metrics\n")
        case .otherMethod: return Self.answer("405 Method Not Allowed", headers: "Allow: GET\r\n", "GET alone\n")
        case .malformed: return Self.answer("400 Bad Request", "no HTTP/1.1 request\n")
        }
    }

    private static func answer(
        _ status: String, type: String = "text/plain; charset=utf-8", headers: String = "", _ body: String
    ) -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)"
            + "Connection: close\r\n\r\n\(body)"
    }
}
