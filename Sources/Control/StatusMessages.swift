public import OCI

/// A layer that is being fetched and unpacked.
public struct DownloadRecord: Sendable, Hashable, Codable {
    /// Of the blob.
    public var digest: Digest
    /// The image for which it was started.
    public var image: String
    public var fetchedByteCount: Int64
    public var byteCount: Int64
    public var unpackedByteCount: Int64
    /// Seconds since 1970.
    public var startedAtSeconds: Int64

    public init(
        digest: Digest, image: String, fetchedByteCount: Int64, byteCount: Int64, unpackedByteCount: Int64,
        startedAtSeconds: Int64
    ) {
        self.digest = digest
        self.image = image
        self.fetchedByteCount = fetchedByteCount
        self.byteCount = byteCount
        self.unpackedByteCount = unpackedByteCount
        self.startedAtSeconds = startedAtSeconds
    }
}

/// What the store holds.
public struct StoreSummary: Sendable, Hashable, Codable {
    public var imageCount: Int
    public var layerCount: Int
    public var treeCount: Int
    /// Bytes of unpacked layers with their indexes.
    public var layerByteCount: Int64
    public var treeByteCount: Int64
    /// Bytes of blobs whose fetch was broken off and will be resumed.
    public var partialByteCount: Int64
    /// Bytes that the store's file system has left.
    public var freeByteCount: Int64

    public init(
        imageCount: Int, layerCount: Int, treeCount: Int, layerByteCount: Int64, treeByteCount: Int64,
        partialByteCount: Int64, freeByteCount: Int64
    ) {
        self.imageCount = imageCount
        self.layerCount = layerCount
        self.treeCount = treeCount
        self.layerByteCount = layerByteCount
        self.treeByteCount = treeByteCount
        self.partialByteCount = partialByteCount
        self.freeByteCount = freeByteCount
    }
}

/// Who holds the mounts while the daemon is away.
public struct KeeperStatus: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Codable {
        /// Nobody: the mounts end with the daemon.
        case none
        case keeper
        case systemd
        /// There was one, and it is gone.
        case gone
    }

    public var kind: Kind
    /// Of the keeper.
    public var processID: Int32?
    /// How often a daemon died unexpectedly and was replaced.
    public var deathCount: Int
    /// Mounted images that this daemon took over.
    public var takenOverCount: Int
    /// Mounted images that answer with EIO, since they ended the daemon again and again.
    public var isolatedCount: Int

    public init(
        kind: Kind, processID: Int32? = nil, deathCount: Int = 0, takenOverCount: Int = 0, isolatedCount: Int = 0
    ) {
        self.kind = kind
        self.processID = processID
        self.deathCount = deathCount
        self.takenOverCount = takenOverCount
        self.isolatedCount = isolatedCount
    }
}

public struct DaemonStatus: Sendable, Hashable, Codable {
    public var version: String
    public var processID: Int32
    /// The store's directory.
    public var root: String
    public var socketPath: String
    /// Seconds since 1970.
    public var startedAtSeconds: Int64
    public var store: StoreSummary
    public var mountCount: Int
    /// Requests of readers that wait for an image.
    public var waitingReaderCount: Int
    public var downloads: [DownloadRecord]
    public var keeper: KeeperStatus
    /// nil from a daemon that does not count.
    public var counters: DaemonCounters?

    public init(
        version: String, processID: Int32, root: String, socketPath: String, startedAtSeconds: Int64,
        keeper: KeeperStatus, store: StoreSummary, mountCount: Int, waitingReaderCount: Int,
        downloads: [DownloadRecord],
        counters: DaemonCounters? = nil
    ) {
        self.counters = counters
        self.version = version
        self.processID = processID
        self.root = root
        self.socketPath = socketPath
        self.startedAtSeconds = startedAtSeconds
        self.store = store
        self.mountCount = mountCount
        self.waitingReaderCount = waitingReaderCount
        self.downloads = downloads
        self.keeper = keeper
    }
}

/// A key that somebody holds.
public struct WaitRecord: Sendable, Hashable, Codable {
    /// What the key is of: `chain`, `layer`, `blob`, `resolve`.
    public var rank: String
    public var key: String
    public var holder: String
    /// How long it has been held.
    public var heldSeconds: Double
    public var waiterCount: Int

    public init(rank: String, key: String, holder: String, heldSeconds: Double, waiterCount: Int) {
        self.rank = rank
        self.key = key
        self.holder = holder
        self.heldSeconds = heldSeconds
        self.waiterCount = waiterCount
    }
}

public struct StopRequest: Sendable, Hashable, Codable {
    /// Also when images are mounted: their mounts stop answering (ENOTCONN).
    public var force: Bool
    /// The client has just unmounted everything: the daemon waits until it has noticed.
    public var hasUnmounted: Bool

    public init(force: Bool = false, hasUnmounted: Bool = false) {
        self.force = force
        self.hasUnmounted = hasUnmounted
    }
}

/// Another program is to go on in the daemon's place, with its mounts.
public struct ReplaceRequest: Sendable, Hashable, Codable {
    /// The program's absolute path.
    public var program: String
    /// With the program's name first.
    public var arguments: [String]

    public init(program: String, arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }
}
