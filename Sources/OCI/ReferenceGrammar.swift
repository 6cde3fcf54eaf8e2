/// The productions of the reference grammar, as predicates over bytes.
/// See https://github.com/distribution/reference, regexp.go.
enum ReferenceGrammar {
    static let maximumRepositoryByteCount = 255
    static let maximumTagByteCount = 128

    /// `host[:port]`, where the host is a DNS name, an IPv4 address, or an IPv6 address in brackets.
    static func isRegistry(_ text: Substring) -> Bool {
        let bytes = text.utf8
        let hostEnd: Substring.UTF8View.Index
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let address = bytes[bytes.index(after: bytes.startIndex)..<bracket]
            guard !address.isEmpty, address.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") }) else {
                return false
            }
            hostEnd = bytes.index(after: bracket)
        } else {
            hostEnd = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            let labels = bytes[..<hostEnd].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard labels.allSatisfy({ isHostLabel($0) }) else { return false }
        }
        let rest = bytes[hostEnd...]
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        return colon == UInt8(ascii: ":") && !port.isEmpty && port.allSatisfy(isDigit)
    }

    private static func isHostLabel(_ label: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = label.first, let last = label.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Lower-case letters and digits in runs, with one `.`, one or two `_`, or any number of `-` between two runs.
    static func isPathComponent(_ text: Substring) -> Bool {
        var separator: [UInt8] = []
        var sawRun = false
        for byte in text.utf8 {
            if isLowerCaseOrDigit(byte) {
                guard separator.isEmpty || (sawRun && isSeparator(separator)) else { return false }
                separator.removeAll(keepingCapacity: true)
                sawRun = true
            } else {
                separator.append(byte)
            }
        }
        return sawRun && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        bytes == [UInt8(ascii: ".")] || bytes == [UInt8(ascii: "_")]
            || bytes == [UInt8(ascii: "_"), UInt8(ascii: "_")]
            || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
    }

    /// A letter, a digit or `_`, then up to 127 of these, `.` and `-`.
    static func isTag(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= maximumTagByteCount else { return false }
        return isWordByte(first)
            && bytes.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    static func isUpperCase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowerCaseOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerCaseOrDigit(byte) || isUpperCase(byte) }

    private static func isWordByte(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
}
