/// What a compressed stream may ask for at most.
public struct InflateLimits: Sendable, Hashable {
    /// Inflated bytes in all.
    public var maximumByteCount: UInt64 = 64 << 30
    /// Inflated bytes for each compressed byte, once `expansionFreeByteCount` is exceeded. Deflate reaches 1,032 with
    /// zeros, zstd writes 128 KiB of them in 4 bytes; files of programs reach 10.
    public var maximumExpansion: UInt64 = 200
    /// A stream may inflate to this many bytes however short it is.
    public var expansionFreeByteCount: UInt64 = 1 << 30
    /// Memory for the history of a zstd frame: a power of two, 1 KiB to 2 GiB. 128 MiB is what `zstd -d` allows.
    public var maximumWindowByteCount: UInt64 = 128 << 20

    public init() {}
}
