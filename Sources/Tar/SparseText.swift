/// The map of a PAX 1.0 sparse file: decimal numbers, each on a line. The first says how many extents follow, then come
/// offset and length of each. The rest of the last block is padding.
struct SparseText {
    private var extentCount: Int64?
    private var offset: Int64?
    private var number: Int64 = 0
    private var hasDigits = false
    private var extentsRead: Int64 = 0

    /// Reads one block; true when the map is complete.
    mutating func push(
        _ block: UnsafeRawBufferPointer, into map: inout SparseMap, limits: TarLimits
    ) throws(TarError.Reason) -> Bool {
        for byte in block {
            if byte == UInt8(ascii: "\n") {
                guard hasDigits else { throw .malformedSparseMap }
                if try take(number, into: &map, limits: limits) { return true }
                number = 0
                hasDigits = false
            } else {
                let digit = byte &- UInt8(ascii: "0")
                guard digit < 10, NumericField.append(digit, to: &number) else { throw .malformedSparseMap }
                hasDigits = true
            }
        }
        return false
    }

    private mutating func take(
        _ number: Int64, into map: inout SparseMap, limits: TarLimits
    ) throws(TarError.Reason) -> Bool {
        guard let extentCount else {
            guard number <= limits.maxSparseExtents else {
                throw .tooManySparseExtents(limit: limits.maxSparseExtents)
            }
            extentCount = number
            return number == 0
        }
        guard let offset else {
            self.offset = number
            return false
        }
        try map.append(offset: offset, length: number, limits: limits)
        self.offset = nil
        extentsRead += 1
        return extentsRead == extentCount
    }
}
