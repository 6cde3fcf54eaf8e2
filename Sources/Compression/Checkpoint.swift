/// A place between two blocks of a gzip stream where inflating can begin, with everything that it takes.
public struct Checkpoint: Sendable, Equatable {
    /// Deflate refers back by at most this many bytes.
    public static let maximumWindowByteCount = 32 << 10

    /// Bits from the start of the compressed stream to the next block.
    public var compressedBitOffset: UInt64
    /// Inflated bytes before this place.
    public var byteOffset: UInt64
    /// The inflated bytes right before this place: 32 KiB, or fewer when the gzip member has no more.
    public var window: [UInt8]

    public init(compressedBitOffset: UInt64, byteOffset: UInt64, window: [UInt8]) {
        self.compressedBitOffset = compressedBitOffset
        self.byteOffset = byteOffset
        self.window = window
    }

    /// Where reading the compressed stream begins.
    public var compressedByteOffset: UInt64 { compressedBitOffset / 8 }
}
