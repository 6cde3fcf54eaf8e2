/// The extended attributes of a member, each name once.
///
/// `SCHILY.xattr.NAME` (star, GNU tar, Go, libarchive) has the plain value, `LIBARCHIVE.xattr.NAME` (libarchive, beside the
/// other) a URL-encoded name and a base64 value. An empty value is a value: it does not delete.
struct ExtendedAttributeSet {
    private(set) var attributes: [TarEntry.ExtendedAttribute] = []
    private(set) var byteCount = 0

    /// Takes in a record when it is an extended attribute.
    mutating func apply(_ record: PAXRecord, limits: TarLimits) throws(TarError.Reason) {
        let schily: StaticString = "SCHILY.xattr."
        let libarchive: StaticString = "LIBARCHIVE.xattr."
        if record.keyword.hasPrefix(schily) {
            try set(Array(record.keyword.dropFirst(schily.utf8CodeUnitCount)), Array(record.value), limits: limits)
        } else if record.keyword.hasPrefix(libarchive) {
            guard let name = Self.urlDecoded(record.keyword.dropFirst(libarchive.utf8CodeUnitCount)),
                let value = Self.base64Decoded(record.value)
            else { throw .malformedExtendedAttribute }
            try set(name, value, limits: limits)
        }
    }

    private mutating func set(
        _ name: [UInt8], _ value: [UInt8], limits: TarLimits
    ) throws(TarError.Reason) {
        guard !name.isEmpty, !name.contains(0) else { throw .malformedExtendedAttribute }
        guard name.count <= limits.maxExtendedAttributeNameBytes else {
            throw .extendedAttributeNameTooLong(limit: limits.maxExtendedAttributeNameBytes)
        }
        guard value.count <= limits.maxExtendedAttributeValueBytes else {
            throw .extendedAttributeValueTooLong(limit: limits.maxExtendedAttributeValueBytes)
        }
        if let position = attributes.firstIndex(where: { $0.name == name }) {
            byteCount += value.count - attributes[position].value.count
            attributes[position].value = value
        } else {
            byteCount += name.count + value.count
            attributes.append(TarEntry.ExtendedAttribute(name: name, value: value))
        }
        guard attributes.count <= limits.maxExtendedAttributes else {
            throw .tooManyExtendedAttributes(limit: limits.maxExtendedAttributes)
        }
        guard byteCount <= limits.maxExtendedAttributesBytes else {
            throw .extendedAttributesTooLarge(limit: limits.maxExtendedAttributesBytes)
        }
    }

    /// Replaces `%XX` by the byte; nil when two hexadecimal digits do not follow.
    private static func urlDecoded(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexadecimalDigit),
                    let low = rest.popFirst().flatMap(hexadecimalDigit)
                else { return nil }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// RFC 4648 base64 with or without the padding, which libarchive leaves out.
    private static func base64Decoded(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var bitCount = 0
        var digits = text[...]
        while digits.last == UInt8(ascii: "=") { digits = digits.dropLast() }
        for byte in digits {
            guard let digit = base64Digit(byte) else { return nil }
            bits = bits << 6 | digit
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        // Six bits are left when the last group has a single digit, which encodes no byte.
        return bitCount == 6 ? nil : decoded
    }

    private static func base64Digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
