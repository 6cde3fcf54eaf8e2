public import Compression
public import LayerIndex
public import Tar

/// What one layer may ask for at most, and what unpacking it may use.
public struct UnpackLimits: Sendable {
    public var inflate = InflateLimits()
    public var tar = TarLimits()
    public var index = LayerLimits()
    /// Inflated bytes for each checkpoint of a gzip blob, about; nil for no checkpoints.
    public var checkpointSpanByteCount: Int? = 1 << 20
    /// Buffers between the two threads, 512 KiB each. At least 2. What is in them is unpacked again when the process is
    /// killed.
    public var bufferCount = 5

    public init() {}
}
