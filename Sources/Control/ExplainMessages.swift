public import OCI

/// Asks for everything about one path of a mounted image. Fetches nothing.
public struct ExplainRequest: Sendable, Hashable, Codable {
    /// Of the file system, as in /proc/self/mountinfo: `major:minor`.
    public var device: String
    /// In the image, from its root.
    public var path: String
    /// A symbolic link that the path ends at is followed.
    public var followsLink: Bool

    public init(device: String, path: String, followsLink: Bool = false) {
        self.device = device
        self.path = path
        self.followsLink = followsLink
    }
}

/// A layer of an image, and how much of it is there.
public struct ExplainedLayer: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case stored
        /// Being fetched and unpacked.
        case fetching
        /// Somebody wants it; it is not its turn yet.
        case waiting
        /// Not here, and nobody fetches it.
        case missing
    }

    /// Position in the image, 0 is the lowest layer.
    public var position: Int
    /// Of the image.
    public var layerCount: Int
    public var diffID: Digest
    /// Of the blob.
    public var digest: Digest
    /// Bytes of the blob.
    public var byteCount: Int64
    /// The line of the config's history that made it.
    public var createdBy: String?
    public var state: State
    /// Bytes of the blob that arrived, while it is being fetched.
    public var fetchedByteCount: Int64?
    /// Bytes of the archive that were written, while it is being fetched.
    public var unpackedByteCount: Int64?
    /// Attempts that failed and were followed by another, while it is being fetched.
    public var retryCount: Int?
    /// Why the last of them failed.
    public var lastFailure: String?

    public init(
        position: Int, layerCount: Int, diffID: Digest, digest: Digest, byteCount: Int64, createdBy: String? = nil,
        state: State
    ) {
        self.position = position
        self.layerCount = layerCount
        self.diffID = diffID
        self.digest = digest
        self.byteCount = byteCount
        self.createdBy = createdBy
        self.state = state
    }
}

/// What a path is, once the image's tree is there.
public struct ExplainedFile: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable {
        case directory, file, symbolicLink, characterDevice, blockDevice, fifo
    }

    /// A run of a file's bytes.
    public struct Extent: Sendable, Hashable, Codable {
        public var offset: UInt64
        public var byteCount: UInt64
        /// Where the bytes are in the layer's uncompressed archive; nil for a hole.
        public var archiveOffset: UInt64?

        public init(offset: UInt64, byteCount: UInt64, archiveOffset: UInt64?) {
            self.offset = offset
            self.byteCount = byteCount
            self.archiveOffset = archiveOffset
        }
    }

    public var kind: Kind
    /// Permissions, with set-user-id, set-group-id and sticky.
    public var mode: UInt32
    public var userID: UInt32
    public var groupID: UInt32
    public var linkCount: UInt32
    public var byteCount: UInt64
    /// Of a symbolic link.
    public var linkTarget: String?
    /// Of a regular file: bytes that its layer has, and bytes of holes.
    public var storedByteCount: UInt64?
    public var holeByteCount: UInt64?
    /// Of a regular file, holes counted.
    public var extentCount: Int?
    /// The first of them.
    public var extents: [Extent]?

    /// No more extents are listed.
    public static let maximumExtentCount = 64

    public init(
        kind: Kind, mode: UInt32, userID: UInt32, groupID: UInt32, linkCount: UInt32, byteCount: UInt64,
        linkTarget: String? = nil
    ) {
        self.kind = kind
        self.mode = mode
        self.userID = userID
        self.groupID = groupID
        self.linkCount = linkCount
        self.byteCount = byteCount
        self.linkTarget = linkTarget
    }
}

/// Why there is nothing at a path.
public struct ExplainedAbsence: Sendable, Hashable, Codable {
    public enum Reason: String, Sendable, Codable {
        /// No layer has it.
        case absent
        /// A layer deletes it, or a directory on the way.
        case whiteout
        /// A layer hides all that a directory had.
        case opaque
        /// A layer has something else in place of a directory on the way.
        case replacement
        /// The path leads through too many symbolic links.
        case tooManyLinks
    }

    public var reason: Reason
    /// What the whiteout, the opaque mark or the replacement is at.
    public var hidingPath: String?
    /// Who hides it.
    public var hidingLayer: ExplainedLayer?
    /// The topmost layer that has it.
    public var hiddenLayer: ExplainedLayer?

    public init(
        reason: Reason, hidingPath: String? = nil, hidingLayer: ExplainedLayer? = nil,
        hiddenLayer: ExplainedLayer? = nil
    ) {
        self.reason = reason
        self.hidingPath = hidingPath
        self.hidingLayer = hidingLayer
        self.hiddenLayer = hiddenLayer
    }
}

/// What the readers of an image wait for.
public struct ExplainedProgress: Sendable, Hashable, Codable {
    public var waitingReaderCount: Int
    /// How long the image has been worked on, by whom it was started, and how many readers and pulls share the work; nil
    /// when nobody works on it.
    public var flight: WaitRecord?
    /// Layers that are not stored yet, the lowest first.
    public var layers: [ExplainedLayer]
    /// Why the image could not be made ready last time.
    public var lastFailure: String?

    public init(
        waitingReaderCount: Int, flight: WaitRecord? = nil, layers: [ExplainedLayer], lastFailure: String? = nil
    ) {
        self.waitingReaderCount = waitingReaderCount
        self.flight = flight
        self.layers = layers
        self.lastFailure = lastFailure
    }
}

/// Where a path of a mounted image comes from, and what somebody who reads it would wait for.
public struct Explanation: Sendable, Hashable, Codable {
    /// What /proc/mounts shows.
    public var source: String
    public var name: String
    public var chainID: Digest
    public var state: MountState
    /// In the image, absolute, without symbolic links once the image is there.
    public var path: String
    /// nil: there is nothing, or it is not known yet.
    public var file: ExplainedFile?
    /// The layer that has the entry which made the path what it is; for a directory without one, the topmost layer that
    /// has something in it.
    public var layer: ExplainedLayer?
    /// A directory that no layer has an entry for.
    public var isImplied = false
    /// The layer has the path as one more name of a file.
    public var isHardLink = false
    /// The layer that has the bytes of a regular file.
    public var contentLayer: ExplainedLayer?
    /// Why there is nothing.
    public var absence: ExplainedAbsence?
    /// Who looks at the path waits for nothing but this machine.
    public var isLocal: Bool
    /// While the image is not ready.
    public var progress: ExplainedProgress?

    public init(
        source: String, name: String, chainID: Digest, state: MountState, path: String, isLocal: Bool = false
    ) {
        self.source = source
        self.name = name
        self.chainID = chainID
        self.state = state
        self.path = path
        self.isLocal = isLocal
    }
}
