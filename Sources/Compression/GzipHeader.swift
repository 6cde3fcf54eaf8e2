/// The header of a gzip member, byte by byte. RFC 1952, section 2.3.
///
/// Its fields are checked and dropped: nothing in them matters for a layer.
struct GzipHeader {
    private enum Field {
        case fixed, extraLength, extra, name, comment, checksum, done
    }

    private enum Flag {
        static let checksum: UInt8 = 1 << 1
        static let extra: UInt8 = 1 << 2
        static let name: UInt8 = 1 << 3
        static let comment: UInt8 = 1 << 4
        static let reserved: UInt8 = 0b1110_0000
    }

    private var field = Field.fixed
    /// Bytes of the current field so far.
    private var byteCount = 0
    private var flags: UInt8 = 0
    /// Of `extraLength` or `checksum`, low byte first.
    private var number = 0
    private var extraByteCount = 0
    /// Over all bytes before the header's checksum.
    private var checksum: UInt32 = 0

    /// Takes the header off the front of `input`; true when it is complete.
    mutating func parse(_ input: inout UnsafeRawBufferPointer) throws(InflateError.Reason) -> Bool {
        while field != .done, let byte = input.first {
            input.dropFirst(byteCount: 1)
            try take(byte)
        }
        return field == .done
    }

    private mutating func take(_ byte: UInt8) throws(InflateError.Reason) {
        if field != .checksum { checksum = GzipChecksum.appending(byte, to: checksum) }
        byteCount += 1
        switch field {
        case .fixed:
            try checkFixed(byte)
            if byteCount == 10 { begin(after: .fixed) }
        case .extraLength:
            extraByteCount |= Int(byte) << (8 * (byteCount - 1))
            if byteCount == 2 { begin(after: .extraLength) }
        case .extra:
            if byteCount == extraByteCount { begin(after: .extra) }
        case .name:
            if byte == 0 { begin(after: .name) }
        case .comment:
            if byte == 0 { begin(after: .comment) }
        case .checksum:
            number |= Int(byte) << (8 * (byteCount - 1))
            guard byteCount == 2 else { return }
            if number != Int(checksum & 0xffff) { throw .corrupt(.gzip, detail: "wrong checksum of the header") }
            begin(after: .checksum)
        case .done:
            break
        }
    }

    private mutating func checkFixed(_ byte: UInt8) throws(InflateError.Reason) {
        switch byteCount {
        case 1 where byte != 0x1f, 2 where byte != 0x8b: throw .corrupt(.gzip, detail: "no gzip header")
        case 3 where byte != 8: throw .corrupt(.gzip, detail: "compression method \(byte) is not deflate")
        case 4:
            flags = byte
            if flags & Flag.reserved != 0 { throw .corrupt(.gzip, detail: "reserved header flags are set") }
        default: break
        }
    }

    /// Goes to the next field that this header has.
    private mutating func begin(after last: Field) {
        byteCount = 0
        switch last {
        case .fixed where flags & Flag.extra != 0: field = .extraLength
        case .extraLength where extraByteCount > 0: field = .extra
        case .fixed, .extraLength, .extra: field = flags & Flag.name != 0 ? .name : fieldAfterName
        case .name: field = fieldAfterName
        case .comment: field = flags & Flag.checksum != 0 ? .checksum : .done
        case .checksum, .done: field = .done
        }
    }

    private var fieldAfterName: Field {
        flags & Flag.comment != 0 ? .comment : flags & Flag.checksum != 0 ? .checksum : .done
    }
}
