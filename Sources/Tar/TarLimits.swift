/// What an archive may ask for. Archives come from strangers: each limit bounds memory or time, and exceeding one is a
/// `TarError` that names it.
public struct TarLimits: Equatable, Sendable {
    /// Bytes of a path or of a link target; Linux's PATH_MAX.
    public var maxPathBytes = 4096
    /// Bytes of one PAX or GNU long name header. GNU tar and Go's archive/tar stop at the same size.
    public var maxExtendedHeaderBytes = 1 << 20
    /// Runs of data in one sparse file; each costs 24 bytes of memory.
    public var maxSparseExtents = 1_000_000
    /// Members of one archive.
    public var maxEntries = 10_000_000
    /// Extended attributes of one member.
    public var maxExtendedAttributes = 128
    /// Bytes of the name of an extended attribute; Linux's XATTR_NAME_MAX.
    public var maxExtendedAttributeNameBytes = 255
    /// Bytes of the value of an extended attribute; Linux's XATTR_SIZE_MAX.
    public var maxExtendedAttributeValueBytes = 65536
    /// Bytes of all names and values of one member's extended attributes together.
    public var maxExtendedAttributesBytes = 1 << 20

    /// The same for a PAX global header, whose attributes each member of the archive gets: what one short member costs must
    /// not be long.
    public var maxGlobalExtendedAttributesBytes = 4096

    public init() {}
}
