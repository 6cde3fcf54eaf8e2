/// One "length keyword=value" line of a PAX header; the bytes belong to whoever holds the header.
struct PAXRecord {
    var keyword: UnsafeRawBufferPointer
    var value: UnsafeRawBufferPointer

    /// Takes the next record off the front of `header`. Nil at the end, which may be padded with NULs.
    static func next(in header: inout UnsafeRawBufferPointer) throws(TarError.Reason) -> PAXRecord? {
        guard let first = header.first, first != 0 else { return nil }
        var position = 0
        // The number of bytes of the whole line, its own digits and the newline included.
        var byteCount: Int64 = 0
        while position < header.count, header[position] != UInt8(ascii: " ") {
            let digit = header[position] &- UInt8(ascii: "0")
            guard digit < 10, NumericField.append(digit, to: &byteCount) else { throw .malformedExtendedHeader }
            position += 1
        }
        guard byteCount > position + 1, byteCount <= header.count, header[Int(byteCount) - 1] == UInt8(ascii: "\n")
        else { throw .malformedExtendedHeader }
        let line = header[position + 1..<Int(byteCount) - 1]
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex,
            !line[..<equals].contains(0)
        else { throw .malformedExtendedHeader }
        header = UnsafeRawBufferPointer(rebasing: header[Int(byteCount)...])
        return PAXRecord(
            keyword: UnsafeRawBufferPointer(rebasing: line[..<equals]),
            value: UnsafeRawBufferPointer(rebasing: line[line.index(after: equals)...]))
    }
}
