/// What a compressed stream may ask for at most.
public struct InflateLimits: Sendable, Hashable {
    /// Inflated bytes in all.
    public var maximumByteCount: UInt64 = 64 << 30
    /// Inflated bytes for each compressed byte, once `expansionFreeByteCount` is exceeded. Deflate cannot reach 1,033;
    /// zstd writes 128 KiB of zeros in 4 bytes.
    public var maximumExpansion: UInt64 = 1100
    /// A stream may inflate to this many bytes however short it is.
    public var expansionFreeByteCount: UInt64 = 1 << 30
    /// Memory for the history of a zstd frame: a power of two, 1 KiB to 2 GiB. 128 MiB is what `zstd -d` allows.
    public var maximumWindowByteCount: UInt64 = 128 << 20

    public init() {}
}
