/// What one transfer asks for.
struct HTTPRequest: Sendable {
    enum Method: Sendable {
        case get
        case post(form: String)
    }

    var method: Method = .get
    var url: HTTPURL
    /// Names and values without line breaks.
    var headers: [(name: String, value: String)] = []
    /// Whether the server's certificate must be valid. Off only for hosts that the user called insecure.
    var verifiesCertificate = true
    var connectTimeoutSeconds: Double
    /// Ends this transfer; nil for the client's.
    var stopSignal: StopSignal?
}

/// Status line and header fields of a response. See RFC 9110.
struct HTTPResponseHead: Sendable {
    var status: Int
    /// In the order of the response, names in lower case, values without surrounding blanks.
    var fields: [(name: String, value: String)] = []
    /// From when the request was sent, with the connection open, to when the head was there.
    var latencySeconds: Double = 0

    /// All values of a field, in order. `name` is in lower case.
    func values(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// The first value of a field; `name` is in lower case.
    func value(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// Content-Length; nil when there is none, or no number.
    var contentLength: Int64? {
        value("content-length").flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    var isRedirect: Bool { [301, 302, 303, 307, 308].contains(status) }
    var isSuccess: Bool { (200..<300).contains(status) }
}

/// Collects the lines of a response's head as libcurl hands them over: interim (1xx) responses come first and each
/// begins anew with its own status line.
struct HTTPHeadParser {
    /// Bytes of all lines of one head.
    static let maximumBytes = 256 * 1024

    enum Line: Equatable {
        case more
        /// The blank line after a final head (not 1xx): what follows is the body.
        case complete
        case malformed
        case tooLarge
    }

    private(set) var head: HTTPResponseHead?
    private var byteCount = 0
    private(set) var isComplete = false

    mutating func add(_ bytes: UnsafeRawBufferPointer) -> Line {
        // After the body come trailers (RFC 9110, 6.5); nothing in them is of use here.
        if isComplete { return .more }
        byteCount += bytes.count
        guard byteCount <= Self.maximumBytes else { return .tooLarge }
        let line = Self.trimmed(bytes[...])
        if line.starts(with: "HTTP/".utf8) {
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
            guard words.count >= 2, let status = Int(String(decoding: words[1], as: UTF8.self)) else {
                return .malformed
            }
            head = HTTPResponseHead(status: status)
            return .more
        }
        guard let current = head else { return .malformed }
        if line.isEmpty {
            guard current.status >= 200 else { return .more }
            isComplete = true
            return .complete
        }
        // A line without a colon is skipped, as browsers and libcurl do.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return .more }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        let value = String(decoding: Self.trimmed(line[line.index(after: colon)...]), as: UTF8.self)
        head?.fields.append((name, value))
        return .more
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        let blanks = " \t\r\n".utf8
        guard let first = bytes.firstIndex(where: { !blanks.contains($0) }),
            let last = bytes.lastIndex(where: { !blanks.contains($0) })
        else { return bytes[bytes.endIndex...] }
        return bytes[first...last]
    }
}
