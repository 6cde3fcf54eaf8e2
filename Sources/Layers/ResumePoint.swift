import Compression
import Content
import LayerIndex

/// Where unpacking a gzip blob can be taken up, also by another process: a checkpoint whose inflated bytes are in the
/// archive, and the blob's hash at about the same place. Kept as a partial blob's notes, one for each checkpoint.
///
/// With these the archive itself is what a fetch that broke off goes on with: no compressed byte is written to the disk.
struct ResumePoint: Sendable, Equatable {
    var compressedBitOffset: UInt64
    /// The archive has at least so many bytes.
    var byteOffset: UInt64
    /// How many of them, before this place, the checkpoint's window has.
    var windowByteCount: Int
    var blobHash: SHA256.State

    /// Of an encoded point; a page holds a whole number of them, so that none is written in part.
    static let byteCount = 64

    init(_ checkpoint: Checkpoint, blobHash: SHA256.State) {
        compressedBitOffset = checkpoint.compressedBitOffset
        byteOffset = checkpoint.byteOffset
        windowByteCount = checkpoint.window.count
        self.blobHash = blobHash
    }

    /// Where fetching begins: what both the inflater and the hash need comes after it, and hashing stays in whole blocks,
    /// so that there can be another point.
    var blobByteOffset: UInt64 {
        min(compressedBitOffset / 8, blobHash.byteCount) / SHA256.blockByteCount * SHA256.blockByteCount
    }

    /// Little-endian: two offsets, the window's length, a checksum, how much was hashed, H0 to H7.
    var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes.withUnsafeMutableBytes { bytes in
            bytes.store(compressedBitOffset, at: 0)
            bytes.store(byteOffset, at: 8)
            bytes.store(UInt32(windowByteCount), at: 16)
            bytes.store(blobHash.byteCount, at: 24)
            for (position, word) in blobHash.words.enumerated() {
                bytes.store(word, at: 32 + 4 * position)
            }
            let checksum = Self.checksum(of: UnsafeRawBufferPointer(bytes))
            bytes.store(checksum, at: Self.checksumOffset)
        }
        return bytes
    }

    private static let checksumOffset = 20

    /// Of the two parts around it, with both halves of what is 64 bits there.
    private static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
        let head = FileChecksum.of(UnsafeRawBufferPointer(rebasing: bytes[..<checksumOffset]))
        let tail = FileChecksum.of(UnsafeRawBufferPointer(rebasing: bytes[(checksumOffset + 4)...]))
        let sum = head &+ tail &* 31
        return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
    }

    /// nil when `bytes`, of which there are `byteCount`, are not what `encoded` makes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.number(at: Self.checksumOffset) == Self.checksum(of: bytes) else { return nil }
        compressedBitOffset = bytes.number(at: 0)
        byteOffset = bytes.number(at: 8)
        windowByteCount = Int(bytes.number(at: 16, as: UInt32.self))
        let hashedByteCount: UInt64 = bytes.number(at: 24)
        guard windowByteCount <= Checkpoint.maximumWindowByteCount, UInt64(windowByteCount) <= byteOffset,
            hashedByteCount % SHA256.blockByteCount == 0
        else { return nil }
        blobHash = SHA256.State(words: (0..<8).map { bytes.number(at: 32 + 4 * $0) }, byteCount: hashedByteCount)
    }

    /// The points in `notes`, until one makes no sense: offsets ascend, and none is behind the end of the archive or of the
    /// blob.
    static func points(in notes: [UInt8], archiveByteCount: UInt64, blobByteCount: UInt64) -> [ResumePoint] {
        notes.withUnsafeBytes { notes in
            var points: [ResumePoint] = []
            for start in stride(from: 0, through: notes.count - byteCount, by: byteCount) {
                guard let point = ResumePoint(UnsafeRawBufferPointer(rebasing: notes[start..<start + byteCount])),
                    point.byteOffset <= archiveByteCount, point.compressedBitOffset / 8 < blobByteCount,
                    point.blobHash.byteCount <= blobByteCount,
                    points.last.map({
                        $0.byteOffset < point.byteOffset && $0.compressedBitOffset < point.compressedBitOffset
                    }) ?? true
                else { break }
                points.append(point)
            }
            return points
        }
    }
}
