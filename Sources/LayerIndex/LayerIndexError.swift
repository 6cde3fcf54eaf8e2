public import OCI

/// Why a layer cannot be indexed, or an index not be read.
public enum LayerIndexError: DescribedError, Equatable {
    /// An entry of the archive that no file system can hold. `archiveOffset` is where its header is.
    case invalidEntry(path: String, archiveOffset: UInt64, EntryFault)
    /// More entries or a larger index than the limit allows.
    case tooLarge(LimitedQuantity, limit: Int)
    /// An index file that is damaged, of another version, or of another layer. It can be made again.
    case unreadable(diffID: Digest, reason: String)

    /// What `LayerLimits` limits for a layer as a whole.
    public enum LimitedQuantity: String, Sendable, Equatable, CustomStringConvertible {
        case entries
        case indexBytes = "layer-index-size"

        public var description: String { self == .entries ? "entries" : "bytes of index" }
    }

    public var kind: FailureKind {
        switch self {
        case .invalidEntry: .invalid
        case .tooLarge: .tooLarge
        case .unreadable: .invalid
        }
    }

    public var description: String {
        switch self {
        case .invalidEntry(let path, let offset, let fault):
            "entry '\(path)' at byte \(offset) of the layer's archive \(fault)"
        case .tooLarge(let quantity, let limit):
            "the layer has more than \(limit) \(quantity.description) (limit \(quantity.rawValue))"
        case .unreadable(let diffID, let reason):
            "the index of layer \(diffID) cannot be used: \(reason)"
        }
    }
}

/// What is wrong with one entry of an archive.
public enum EntryFault: Error, Equatable, Sendable, CustomStringConvertible {
    case parentComponent
    case nulByte
    case longName(limit: Int)
    case longPath(limit: Int)
    case rootIsNotADirectory
    /// `.wh.`, `.wh..`, `.wh...`, and a path that goes through a whiteout.
    case invalidWhiteout
    case emptyLinkTarget
    case deviceOutOfRange
    case invalidExtents
    case extendedAttribute(name: String)

    public var description: String {
        switch self {
        case .parentComponent: "has '..' in its path or in its hard link's target"
        case .nulByte: "has a NUL byte in its path or link target"
        case .longName(let limit): "has a name of more than \(limit) bytes (limit name-length)"
        case .longPath(let limit): "has a path or link target of more than \(limit) bytes (limit path-length)"
        case .rootIsNotADirectory: "has no name, or would replace the root directory by something else"
        case .invalidWhiteout: "is no valid whiteout"
        case .emptyLinkTarget: "is a link without a target"
        case .deviceOutOfRange: "is a device whose number Linux does not have"
        case .invalidExtents: "has content outside of its size"
        case .extendedAttribute(let name): "has an extended attribute that Linux does not have: '\(name)'"
        }
    }
}
