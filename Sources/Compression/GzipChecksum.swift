import CZlib

/// CRC-32 as gzip has it, for the few bytes of a header. Whole streams use what their deflate decoder brings.
enum GzipChecksum {
    static func appending(_ byte: UInt8, to checksum: UInt32) -> UInt32 {
        var byte = byte
        return UInt32(truncatingIfNeeded: crc32(UInt(checksum), &byte, 1))
    }
}
