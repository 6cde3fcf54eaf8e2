/// Numbers as header blocks and PAX records write them. No input makes the arithmetic overflow.
enum NumericField {
    enum Failure: Error {
        case malformed
        case outOfRange
    }

    /// A field of a header block: octal digits among spaces and NULs, or base-256. An empty field is 0.
    static func value(of field: UnsafeRawBufferPointer) throws(Failure) -> Int64 {
        guard let first = field.first else { return 0 }
        return first & 0x80 != 0 ? try base256(field) : try octal(field)
    }

    /// Octal digits after any spaces or NULs, up to a space, a NUL or the end of the field. What follows is ignored.
    private static func octal(_ field: UnsafeRawBufferPointer) throws(Failure) -> Int64 {
        var position = 0
        while position < field.count, field[position] == UInt8(ascii: " ") || field[position] == 0 { position += 1 }
        // Fields have at most 12 bytes, so 36 bits.
        var value: Int64 = 0
        while position < field.count {
            let digit = field[position] &- UInt8(ascii: "0")
            if digit < 8 {
                value = value << 3 | Int64(digit)
            } else if field[position] == UInt8(ascii: " ") || field[position] == 0 {
                break
            } else {
                throw .malformed
            }
            position += 1
        }
        return value
    }

    /// Big-endian two's complement, marked by the highest bit of the first byte; the next bit is the sign.
    private static func base256(_ field: UnsafeRawBufferPointer) throws(Failure) -> Int64 {
        let isNegative = field[0] & 0x40 != 0
        var value: Int64 = isNegative ? -1 : 0
        for (position, byte) in field.enumerated() {
            // The marker bit is replaced by the sign.
            let byte = position > 0 ? byte : isNegative ? byte : byte & 0x7f
            let (product, overflow) = value.multipliedReportingOverflow(by: 256)
            guard !overflow else { throw .outOfRange }
            value = product | Int64(byte)
        }
        return value
    }

    /// Decimal digits and nothing else. With a minus sign before them the number is one, but out of range.
    static func decimal(_ text: UnsafeRawBufferPointer) throws(Failure) -> Int64 {
        guard let first = text.first else { throw .malformed }
        let isNegative = first == UInt8(ascii: "-")
        let digits = isNegative ? UnsafeRawBufferPointer(rebasing: text.dropFirst()) : text
        guard !digits.isEmpty else { throw .malformed }
        var value: Int64 = 0
        var overflowed = false
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { throw .malformed }
            if !overflowed { overflowed = !append(digit, to: &value) }
        }
        guard !overflowed, !isNegative else { throw .outOfRange }
        return value
    }

    /// Appends a decimal digit; false when the number then no longer fits, which leaves `value` as it was.
    static func append(_ digit: UInt8, to value: inout Int64) -> Bool {
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflow2) = product.addingReportingOverflow(Int64(digit))
        guard !overflow, !overflow2 else { return false }
        value = sum
        return true
    }
}

extension TarError.Reason {
    init(_ failure: NumericField.Failure, in field: TarError.Field) {
        switch failure {
        case .malformed: self = .malformedNumber(field)
        case .outOfRange: self = .numberOutOfRange(field)
        }
    }
}
