/// How large the merged tree of an image may become.
public struct TreeLimits: Sendable, Equatable {
    public var maximumLayerCount = 1000
    /// Names in all directories together: about 80 bytes of memory each while they are merged.
    public var maximumNameCount = 3_000_000
    /// Files and directories that layers bring, also those that others replace: 8 bytes of memory each.
    public var maximumInodeCount = 6_000_000
    /// Bytes of the indexes of all layers, which are in memory while they are merged.
    public var maximumIndexByteCount = 256 << 20
    /// Bytes of the tree file, which is in memory as long as the image is mounted: about 2.7 million names.
    public var maximumTreeByteCount = 256 << 20
    /// Symbolic links that one path may lead through: as many as Linux follows.
    public var maximumLinkCount = 40
    /// Components of paths that are walked while an image is merged, symbolic links' targets included, all together: a few
    /// seconds.
    public var maximumPathStepCount = 200_000_000

    public init() {}
}
