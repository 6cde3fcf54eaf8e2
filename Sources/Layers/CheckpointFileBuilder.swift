import Compression
import LayerIndex
import OCI

/// Collects the checkpoints of a layer while it is inflated.
struct CheckpointFileBuilder {
    private typealias Field = CheckpointFile.Field
    private typealias Record = CheckpointFile.Record

    /// Memory for windows. When it is used up the rest of the layer gets no checkpoints.
    static let maximumWindowsByteCount = 128 << 20

    private struct Entry {
        var checkpoint: (compressedBitOffset: UInt64, byteOffset: UInt64)
        var windowOffset: Int
        var storedByteCount: Int
        var windowByteCount: Int
    }

    private var entries: [Entry] = []
    private var windows: [UInt8] = []
    /// Below level 1 it is faster and the windows are not much larger. They are needed seldom.
    private let compressor = ZstdCompressor(level: -3)

    /// Whether nothing has been collected.
    var isEmpty: Bool { entries.isEmpty }

    /// Takes the next checkpoint.
    mutating func add(_ checkpoint: Checkpoint) {
        guard let compressor, windows.count < Self.maximumWindowsByteCount else { return }
        let start = windows.count
        var stored = 0
        if !checkpoint.window.isEmpty {
            let count = checkpoint.window.withUnsafeBytes { compressor.append($0, to: &windows) }
            guard let count else { return }
            stored = count
        }
        entries.append(
            Entry(
                checkpoint: (checkpoint.compressedBitOffset, checkpoint.byteOffset), windowOffset: start,
                storedByteCount: stored, windowByteCount: checkpoint.window.count))
    }

    /// The file for the layer `diffID` of `archiveByteCount` bytes, which `blob` inflates to.
    func finish(diffID: Digest, archiveByteCount: UInt64, blob: Descriptor) -> [UInt8] {
        let windowsOffset = Field.byteCount + entries.count * Record.byteCount
        let total = windowsOffset + windows.count
        return [UInt8](unsafeUninitializedCapacity: total) { buffer, initializedCount in
            let file = UnsafeMutableRawBufferPointer(buffer)
            file.initializeMemory(as: UInt8.self, repeating: 0)
            UnsafeMutableRawBufferPointer(rebasing: file[Field.blobDigest..<Field.blobByteCount])
                .copyBytes(from: blob.digest.bytes)
            file.store(UInt64(blob.size), at: Field.blobByteCount)
            file.store(archiveByteCount, at: Field.archiveByteCount)
            file.store(UInt32(entries.count), at: Field.count)
            for (position, entry) in entries.enumerated() {
                let record = Field.byteCount + position * Record.byteCount
                file.store(entry.checkpoint.compressedBitOffset, at: record + Record.compressedBitOffset)
                file.store(entry.checkpoint.byteOffset, at: record + Record.byteOffset)
                file.store(UInt64(windowsOffset + entry.windowOffset), at: record + Record.windowOffset)
                file.store(UInt32(entry.storedByteCount), at: record + Record.storedByteCount)
                file.store(UInt32(entry.windowByteCount), at: record + Record.windowByteCount)
            }
            windows.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: file[windowsOffset...]).copyMemory(from: $0)
            }
            CheckpointFile.seal.seal(file, identity: diffID)
            initializedCount = total
        }
    }
}
