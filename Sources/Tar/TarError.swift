/// Why an archive cannot be read, and where.
public struct TarError: Error, Equatable, Sendable {
    public enum Reason: Error, Equatable, Sendable {
        /// The first block is not a header: this is something else than a tar archive.
        case notAnArchive
        /// A block that must be a header has the wrong checksum.
        case badChecksum
        /// One block of zeros, and then a block that is not: neither an end of archive nor a header.
        case loneZeroBlock
        /// The stream ends inside a header, or after an extended header whose member is missing.
        case truncatedHeader
        /// The stream ends inside a member's content; this many bytes are missing.
        case truncatedContent(missingByteCount: UInt64)
        /// A number that is not one.
        case malformedNumber(Field)
        /// A number that is negative or too large for what it stands for.
        case numberOutOfRange(Field)
        /// A PAX header that is not a list of "length keyword=value" lines.
        case malformedExtendedHeader
        /// A global PAX header between a member and its own extended headers, which Go's reader would then forget.
        case misplacedGlobalHeader
        case malformedExtendedAttribute
        /// Extents that overlap, run backwards or do not fit into the file or into the bytes stored for it.
        case malformedSparseMap
        /// A member other than a directory without a name.
        case emptyPath
        /// A link without a target.
        case emptyLinkPath
        case nulInPath
        case pathTooLong(limit: Int)
        case extendedHeaderTooLarge(limit: Int)
        case tooManySparseExtents(limit: Int)
        case tooManyEntries(limit: Int)
        case tooManyExtendedAttributes(limit: Int)
        case extendedAttributeNameTooLong(limit: Int)
        case extendedAttributeValueTooLong(limit: Int)
        case extendedAttributesTooLarge(limit: Int)
    }

    /// A numeric field of a header block, or the PAX record that overrides it.
    public enum Field: String, Sendable {
        case mode
        case userID = "uid"
        case groupID = "gid"
        case size
        case modificationTime = "mtime"
        case deviceMajor = "devmajor"
        case deviceMinor = "devminor"
        case realSize = "real size"
        case sparseOffset = "sparse offset"
        case sparseLength = "sparse length"
    }

    public var reason: Reason
    /// Bytes from the start of the uncompressed archive to the header block (or to the end of the stream) in question.
    public var offset: UInt64

    public init(_ reason: Reason, at offset: UInt64) {
        self.reason = reason
        self.offset = offset
    }
}

extension TarError: CustomStringConvertible {
    public var description: String { "\(reason) (tar archive, offset \(offset))" }
}

extension TarError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnArchive: "not a tar archive"
        case .badChecksum: "header with a wrong checksum"
        case .loneZeroBlock: "a single block of zeros in the middle"
        case .truncatedHeader: "cut off inside or before a header"
        case .truncatedContent(let count): "cut off inside a file, \(count) bytes are missing"
        case .malformedNumber(let field): "\(field.rawValue) is not a number"
        case .numberOutOfRange(let field): "\(field.rawValue) is negative or too large"
        case .malformedExtendedHeader: "malformed PAX header"
        case .misplacedGlobalHeader: "global PAX header between a member and its extended headers"
        case .malformedExtendedAttribute: "malformed extended attribute"
        case .malformedSparseMap: "malformed sparse file map"
        case .emptyPath: "member without a name"
        case .emptyLinkPath: "link without a target"
        case .nulInPath: "path with a NUL byte"
        case .pathTooLong(let limit): "path longer than \(limit) bytes (limit path-length)"
        case .extendedHeaderTooLarge(let limit):
            "extended header larger than \(limit) bytes (limit extended-header-size)"
        case .tooManySparseExtents(let limit): "sparse file with more than \(limit) extents (limit sparse-extents)"
        case .tooManyEntries(let limit): "more than \(limit) members (limit entries)"
        case .tooManyExtendedAttributes(let limit): "member with more than \(limit) extended attributes (limit xattrs)"
        case .extendedAttributeNameTooLong(let limit):
            "name of an extended attribute longer than \(limit) bytes (limit xattr-name-length)"
        case .extendedAttributeValueTooLong(let limit):
            "value of an extended attribute longer than \(limit) bytes (limit xattr-value-size)"
        case .extendedAttributesTooLarge(let limit):
            "extended attributes of a member larger than \(limit) bytes (limit xattrs-size)"
        }
    }
}
