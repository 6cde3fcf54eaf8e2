public import Compression
public import LayerIndex
public import OCI

/// The checkpoints of a layer, as they are kept beside it. docs/store-format.md, "Checkpoints".
///
/// They belong to one blob: the same archive may have been compressed in other ways elsewhere.
public struct CheckpointFile: Sendable {
    static let seal = SealedFile(magic: "imgfsCKP", version: 1)

    enum Field {
        static let blobDigest = 64
        static let blobByteCount = 96
        static let archiveByteCount = 104
        static let count = 112
        static let byteCount = 120
    }

    enum Record {
        static let compressedBitOffset = 0
        static let byteOffset = 8
        static let windowOffset = 16
        static let storedByteCount = 24
        static let windowByteCount = 28
        static let byteCount = 32
    }

    /// What is wrong with a file. It can be done without, and made again.
    public struct Fault: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    private let file: LoadedFile
    public let blobDigest: Digest
    /// Compressed bytes.
    public let blobByteCount: UInt64
    /// Inflated bytes.
    public let archiveByteCount: UInt64
    public let count: Int

    /// Checks the whole file, which must be of the layer `diffID`.
    public init(_ file: LoadedFile, diffID: Digest) throws(Fault) {
        let bytes = file.bytes
        if let fault = Self.seal.fault(in: bytes, identity: diffID) { throw Fault(description: fault) }
        guard bytes.count >= Field.byteCount, let digest = Digest(bytes: bytes[Field.blobDigest..<Field.blobByteCount])
        else { throw Fault(description: "it is too short") }
        self.file = file
        blobDigest = digest
        blobByteCount = bytes.number(at: Field.blobByteCount, as: UInt64.self)
        archiveByteCount = bytes.number(at: Field.archiveByteCount, as: UInt64.self)
        let count = Int(bytes.number(at: Field.count, as: UInt32.self))
        guard count <= (bytes.count - Field.byteCount) / Record.byteCount else {
            throw Fault(description: "it is too short for \(count) checkpoints")
        }
        self.count = count
        try checkRecords()
    }

    /// Offsets ascend and stay inside of the blob, the archive and the file.
    private func checkRecords() throws(Fault) {
        var previous: (bit: UInt64, byte: UInt64)?
        for position in 0..<count {
            let record = Field.byteCount + position * Record.byteCount
            let bit = file.bytes.number(at: record + Record.compressedBitOffset, as: UInt64.self)
            let byte = file.bytes.number(at: record + Record.byteOffset, as: UInt64.self)
            let window = file.bytes.number(at: record + Record.windowOffset, as: UInt64.self)
            let stored = UInt64(file.bytes.number(at: record + Record.storedByteCount, as: UInt32.self))
            let windowByteCount = Int(file.bytes.number(at: record + Record.windowByteCount, as: UInt32.self))
            let isInside =
                bit / 8 <= blobByteCount && byte <= archiveByteCount && window <= UInt64(file.bytes.count)
                && stored <= UInt64(file.bytes.count) - window && windowByteCount <= Checkpoint.maximumWindowByteCount
            let isAscending = previous.map { $0.bit < bit && $0.byte < byte } ?? true
            guard isInside, isAscending else { throw Fault(description: "checkpoint \(position) makes no sense") }
            previous = (bit, byte)
        }
    }

    /// The last checkpoint at or before `byteOffset` in the archive; nil when there is none. Throws when its window
    /// cannot be read.
    public func checkpoint(atOrBefore byteOffset: UInt64) throws(Fault) -> Checkpoint? {
        var lower = 0
        var upper = count
        while lower < upper {
            let middle = (lower + upper) / 2
            if self.byteOffset(at: middle) <= byteOffset { lower = middle + 1 } else { upper = middle }
        }
        return lower == 0 ? nil : try checkpoint(at: lower - 1)
    }

    /// The checkpoint at `position`, 0 to `count` - 1.
    public func checkpoint(at position: Int) throws(Fault) -> Checkpoint {
        precondition(position >= 0 && position < count, "a checkpoint's position is below the count")
        let record = Field.byteCount + position * Record.byteCount
        let bytes = file.bytes
        let start = Int(bytes.number(at: record + Record.windowOffset, as: UInt64.self))
        let stored = Int(bytes.number(at: record + Record.storedByteCount, as: UInt32.self))
        let windowByteCount = Int(bytes.number(at: record + Record.windowByteCount, as: UInt32.self))
        let frame = UnsafeRawBufferPointer(rebasing: bytes[start..<start + stored])
        let window = windowByteCount == 0 ? [] : ZstdFrame.decompress(frame, byteCount: windowByteCount)
        guard let window else { throw Fault(description: "the window of checkpoint \(position) is damaged") }
        return Checkpoint(
            compressedBitOffset: bytes.number(at: record + Record.compressedBitOffset, as: UInt64.self),
            byteOffset: byteOffset(at: position), window: window)
    }

    private func byteOffset(at position: Int) -> UInt64 {
        file.bytes.number(at: Field.byteCount + position * Record.byteCount + Record.byteOffset, as: UInt64.self)
    }
}
