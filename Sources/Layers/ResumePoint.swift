import Compression
import Content

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

    /// Little-endian: two offsets, the lengths of the window and of what was hashed, H0 to H7.
    var encoded: [UInt8] {
        let numbers = [compressedBitOffset, byteOffset, UInt64(windowByteCount), blobHash.byteCount]
        return numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { Array($0) } }
            + blobHash.words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    /// nil when `bytes`, of which there are `byteCount`, make no sense.
    init?(_ bytes: UnsafeRawBufferPointer) {
        func number(_ position: Int) -> UInt64 {
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * position, as: UInt64.self))
        }
        let (window, hashed) = (number(2), number(3))
        guard window <= min(number(1), UInt64(Checkpoint.maximumWindowByteCount)), hashed % SHA256.blockByteCount == 0
        else { return nil }
        compressedBitOffset = number(0)
        byteOffset = number(1)
        windowByteCount = Int(window)
        let words = (0..<8).map {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 32 + 4 * $0, as: UInt32.self))
        }
        blobHash = SHA256.State(words: words, byteCount: hashed)
    }

    /// The points in `notes`, until one makes no sense. Offsets ascend, and the archive has at least `archiveByteCount`.
    static func points(in notes: [UInt8], archiveByteCount: UInt64, blobByteCount: UInt64) -> [ResumePoint] {
        notes.withUnsafeBytes { notes in
            var points: [ResumePoint] = []
            for start in stride(from: 0, through: notes.count - byteCount, by: byteCount) {
                guard let point = ResumePoint(UnsafeRawBufferPointer(rebasing: notes[start..<start + byteCount])),
                    point.byteOffset <= archiveByteCount, point.compressedBitOffset / 8 < blobByteCount,
                    point.blobHash.byteCount <= blobByteCount,
                    points.last.map({ $0.byteOffset < point.byteOffset }) ?? true
                else { break }
                points.append(point)
            }
            return points
        }
    }
}
