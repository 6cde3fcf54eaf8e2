/// One challenge of a WWW-Authenticate field. See RFC 9110, 11.6.1.
struct AuthenticationChallenge: Hashable, Sendable {
    /// Lower case: "bearer", "basic".
    var scheme: String
    /// Names in lower case.
    var parameters: [String: String] = [:]

    /// All challenges of these WWW-Authenticate fields, in order. Where a field is malformed, the challenges before that
    /// place count.
    static func parse(_ fields: [String]) -> [AuthenticationChallenge] {
        fields.flatMap { field in
            var parser = ChallengeParser(rest: Array(field.utf8)[...])
            return parser.challenges()
        }
    }
}

/// The grammar of RFC 9110, 11.3: a comma separates parameters and challenges alike, so what stands behind a name
/// decides which of the two it begins.
private struct ChallengeParser {
    var rest: ArraySlice<UInt8>

    mutating func challenges() -> [AuthenticationChallenge] {
        var result: [AuthenticationChallenge] = []
        while true {
            skipBlanksAndCommas()
            guard let name = token() else { return result }
            let afterName = rest
            skipBlanks()
            if rest.first == UInt8(ascii: "="), !result.isEmpty, let value = parameterValue() {
                // Of a parameter that occurs twice the first one counts.
                let key = name.lowercased()
                if result[result.count - 1].parameters[key] == nil {
                    result[result.count - 1].parameters[key] = value
                }
                continue
            }
            guard rest.isEmpty || rest.first == UInt8(ascii: ",") || rest.startIndex > afterName.startIndex else {
                return result
            }
            result.append(AuthenticationChallenge(scheme: name.lowercased()))
            skipToken68()
        }
    }

    /// "=" and a token or a quoted string; nil, and nothing taken, for anything else.
    private mutating func parameterValue() -> String? {
        let start = rest
        rest.removeFirst()
        skipBlanks()
        if let value = rest.first == UInt8(ascii: "\"") ? quotedString() : token() { return value }
        rest = start
        return nil
    }

    private mutating func quotedString() -> String? {
        var value: [UInt8] = []
        var position = rest.index(after: rest.startIndex)
        while position < rest.endIndex {
            switch rest[position] {
            case UInt8(ascii: "\""):
                rest = rest[(position + 1)...]
                return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\"):
                position += 1
                guard position < rest.endIndex else { return nil }
                value.append(rest[position])
            default: value.append(rest[position])
            }
            position += 1
        }
        return nil
    }

    private mutating func token() -> String? {
        let taken = rest.prefix(while: Self.isTokenByte)
        guard !taken.isEmpty else { return nil }
        rest = rest[taken.endIndex...]
        return String(decoding: taken, as: UTF8.self)
    }

    /// Skips what Negotiate and the like have in place of parameters; leaves "name=value" alone.
    private mutating func skipToken68() {
        let start = rest
        skipBlanks()
        let text = rest.prefix { Self.isTokenByte($0) || $0 == UInt8(ascii: "/") }
        rest = rest[text.endIndex...]
        let padding = rest.prefix { $0 == UInt8(ascii: "=") }
        rest = rest[padding.endIndex...]
        skipBlanks()
        if text.isEmpty || !(rest.isEmpty || rest.first == UInt8(ascii: ",")) { rest = start }
    }

    private mutating func skipBlanks() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    private mutating func skipBlanksAndCommas() {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
