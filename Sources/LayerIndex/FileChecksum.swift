/// A 64-bit checksum against damage on disk, at the speed of memory. It is no protection against intent.
///
/// The bytes are taken as little-endian 64-bit words, the last one filled up with zeros:
/// `sum = rotateLeft(sum ^ word, 29) * prime`. Every step is a bijection of `sum` and of `word`, so a change within one
/// word always changes the result; the rotation lets high bits reach low ones.
public enum FileChecksum {
    static let start: UInt64 = 0xcbf2_9ce4_8422_2325
    static let prime: UInt64 = 0x9e37_79b9_7f4a_7c15

    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var sum = start ^ UInt64(bytes.count)
        let wholeByteCount = bytes.count & ~7
        var offset = 0
        while offset < wholeByteCount {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)), to: &sum)
            offset += 8
        }
        if offset < bytes.count {
            var last: UInt64 = 0
            for (position, byte) in bytes[offset...].enumerated() { last |= UInt64(byte) << UInt64(8 * position) }
            add(last, to: &sum)
        }
        return sum
    }

    @inline(__always)
    private static func add(_ word: UInt64, to sum: inout UInt64) {
        let mixed = sum ^ word
        sum = (mixed << 29 | mixed >> 35) &* prime
    }
}
