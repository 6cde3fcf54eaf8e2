/// How large the index of one layer may become, and what a name in it may be. Exceeding one refuses the layer.
public struct LayerLimits: Sendable, Equatable {
    /// Entries of one layer, whiteouts and duplicates included.
    public var maximumEntryCount = 10_000_000
    /// Bytes of one component of a path: NAME_MAX.
    public var maximumNameByteCount = 255
    /// Bytes of a path without a leading slash, and of a link's target: PATH_MAX with its NUL.
    public var maximumPathByteCount = 4095
    /// Bytes of the index file, which is built in memory: about 1.6 million entries.
    public var maximumIndexByteCount = 128 << 20
    /// XATTR_NAME_MAX
    public var maximumExtendedAttributeNameByteCount = 255
    /// XATTR_SIZE_MAX
    public var maximumExtendedAttributeValueByteCount = 65_536
    /// XATTR_LIST_MAX: all names of one file, each with its NUL.
    public var maximumExtendedAttributeListByteCount = 65_536

    public init() {}
}
