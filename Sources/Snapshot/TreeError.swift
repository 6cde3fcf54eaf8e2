public import OCI

/// Why layers cannot be merged, or a tree not be read.
public enum TreeError: DescribedError, Equatable {
    /// An entry that cannot be applied to what is below it.
    case invalidEntry(diffID: Digest, path: String, ApplyFault)
    /// A merged tree over a limit of `TreeLimits`.
    case tooLarge(LimitedQuantity, limit: Int)
    /// A tree file that is damaged, of another version, or of another chain. It can be made again.
    case unreadable(chainID: Digest, reason: String)

    /// What `TreeLimits` limits.
    public enum LimitedQuantity: String, Sendable, Equatable, CustomStringConvertible {
        case layers
        case names = "image-names"
        case inodes = "image-files"
        case indexBytes = "image-index-size"
        case treeBytes = "tree-size"
        case pathSteps = "path-steps"

        public var description: String {
            switch self {
            case .layers: "layers"
            case .names: "names"
            case .inodes: "files in all layers"
            case .indexBytes: "bytes of layers' indexes"
            case .treeBytes: "bytes of tree"
            case .pathSteps: "steps along paths"
            }
        }
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
        case .invalidEntry(let diffID, let path, let fault): "entry '\(path)' of layer \(diffID) \(fault)"
        case .tooLarge(let quantity, let limit):
            "the image has more than \(limit) \(quantity.description) (limit \(quantity.rawValue))"
        case .unreadable(let chainID, let reason): "the tree of chain \(chainID) cannot be used: \(reason)"
        }
    }
}

/// What is wrong with an entry in the place where its layer puts it.
public enum ApplyFault: Error, Equatable, Sendable, CustomStringConvertible {
    case linkTargetMissing(String)
    case linkTargetIsDirectory(String)
    /// A parent is a file of the same layer, or a symbolic link that leads to one.
    case parentIsNotADirectory
    /// A parent is a symbolic link that leads through more than `limit` others.
    case tooManyLinks(limit: Int)
    /// A parent is a symbolic link with a component that cannot be a file's name.
    case longName

    public var description: String {
        switch self {
        case .linkTargetMissing(let target): "is a hard link to '\(target)', which does not exist"
        case .linkTargetIsDirectory(let target): "is a hard link to '\(target)', which is a directory"
        case .parentIsNotADirectory: "is below something that is not a directory"
        case .tooManyLinks(let limit):
            "is below a symbolic link that leads through more than \(limit) others (limit symlinks)"
        case .longName: "is below a symbolic link whose target has too long a name"
        }
    }
}
