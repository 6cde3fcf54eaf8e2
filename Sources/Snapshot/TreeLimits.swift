/// How large the merged tree of an image may become.
public struct TreeLimits: Sendable, Equatable {
    public var maximumLayerCount = 1000
    /// Names in all directories together.
    public var maximumNameCount = 10_000_000
    /// Files and directories that layers bring, also those that others replace: 8 bytes of memory each.
    public var maximumInodeCount = 20_000_000
    /// Bytes of the tree file, which is built in memory.
    public var maximumTreeByteCount = 1 << 30
    /// Symbolic links that one path may lead through: as many as Linux follows.
    public var maximumLinkCount = 40
    /// Components of symbolic links' targets that are walked while an image is merged, all together.
    public var maximumLinkStepCount = 50_000_000

    public init() {}
}
