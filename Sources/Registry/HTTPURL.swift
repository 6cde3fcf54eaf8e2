import CCurl

/// An absolute http or https URL, taken apart as libcurl itself takes it apart.
///
/// User information and fragments are dropped. `description` is for people: it hides the query, because a presigned
/// URL carries its secret there.
struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    enum Scheme: String, Sendable {
        case http, https
    }

    /// What must be equal for a secret of one URL to be sent to the other. See RFC 6454.
    struct Origin: Hashable, Sendable, CustomStringConvertible {
        var scheme: Scheme
        /// Lower case; an IPv6 address in brackets.
        var host: String
        var port: UInt16

        var description: String {
            let isDefault = port == (scheme == .https ? 443 : 80)
            return scheme.rawValue + "://" + host + (isDefault ? "" : ":\(port)")
        }

        /// Whether the host is this machine: localhost, 127.0.0.0/8 or ::1.
        var isLoopback: Bool { HTTPURL.isLoopback(host: host) }
    }

    var origin: Origin
    /// Path and query; begins with a slash.
    var target: String

    init(origin: Origin, target: String) {
        self.origin = origin
        self.target = target
    }

    /// Nil when `text` is no absolute http or https URL.
    init?(_ text: String) {
        guard let parsed = Self.parse([text]) else { return nil }
        self = parsed
    }

    /// Where a Location header (RFC 9110, 10.2.2) of this URL's response leads; nil when it leads nowhere.
    func following(_ location: String) -> HTTPURL? {
        Self.parse([text, location])
    }

    /// The whole URL, to be given to libcurl and shown to nobody.
    var text: String { origin.description + target }

    var description: String {
        guard let question = target.firstIndex(of: "?") else { return text }
        return origin.description + target[..<question] + "?…"
    }

    static func isLoopback(host: String) -> Bool {
        if host == "localhost" || host == "[::1]" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Sets each of `texts` on the result of the ones before it, so that the second one may be relative.
    private static func parse(_ texts: [String]) -> HTTPURL? {
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        for text in texts {
            guard curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_URLENCODE)) == CURLUE_OK else { return nil }
        }
        func part(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
            var value: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &value, UInt32(flags)) == CURLUE_OK, let value else { return nil }
            defer { curl_free(value) }
            return String(cString: value)
        }
        guard let scheme = part(CURLUPART_SCHEME).flatMap({ Scheme(rawValue: $0.lowercased()) }),
            let host = part(CURLUPART_HOST), !host.isEmpty,
            let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap({ UInt16($0) }), port != 0
        else { return nil }
        let path = part(CURLUPART_PATH) ?? "/"
        let query = part(CURLUPART_QUERY).map { "?" + $0 } ?? ""
        return HTTPURL(origin: Origin(scheme: scheme, host: host.lowercased(), port: port), target: path + query)
    }
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, for a query or a form.
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.append(byte)
        default:
            result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}
