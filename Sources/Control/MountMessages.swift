public import OCI
public import SystemPackage

/// Attributes of one mount, mount_setattr(2). Every mount is read-only.
public struct MountFlags: Sendable, Hashable, Codable {
    /// Set-user-id and set-group-id bits and file capabilities count (`suid`).
    public var allowsSetUserID = false
    /// Device nodes work (`dev`).
    public var allowsDevices = false
    public var noExecute = false
    public var noAccessTime = false
    public var noDirectoryAccessTime = false
    public var strictAccessTime = false
    public var noSymbolicLinks = false

    public init() {}
}

public struct MountRequest: Sendable, Hashable, Codable {
    public var image: SourceRequest
    /// What /proc/mounts shows as the mount's source: the source exactly as the user wrote it.
    public var sourceName: String
    /// Where the client is going to attach the mount, for messages and listings.
    public var target: String
    public var flags: MountFlags
    /// The layers are fetched right away, and not when somebody looks inside. Nil, as from programs that do not know
    /// it, is no.
    public var prefetches: Bool?

    public init(
        image: SourceRequest, sourceName: String, target: String, flags: MountFlags = MountFlags(),
        prefetches: Bool? = nil
    ) {
        self.prefetches = prefetches
        self.image = image
        self.sourceName = sourceName
        self.target = target
        self.flags = flags
    }
}

/// What was mounted.
public struct MountDetails: Sendable, Hashable, Codable {
    /// Names this grant in the `MountReport` that follows.
    public var id: UInt64
    /// The canonical name of the image.
    public var name: String
    public var platform: String
    public var rootDigest: Digest
    public var manifestDigest: Digest
    public var chainID: Digest
    public var layerCount: Int

    public init(
        id: UInt64, name: String, platform: String, rootDigest: Digest, manifestDigest: Digest, chainID: Digest,
        layerCount: Int
    ) {
        self.id = id
        self.name = name
        self.platform = platform
        self.rootDigest = rootDigest
        self.manifestDigest = manifestDigest
        self.chainID = chainID
        self.layerCount = layerCount
    }
}

/// A detached mount for the client to attach.
///
/// Whoever has the grant owns the descriptor: the server closes it when it is sent, and also when the client is gone,
/// which ends the mount.
public struct MountGrant: Sendable {
    /// As fsmount(2) returns it.
    public var descriptor: FileDescriptor
    public var details: MountDetails

    public init(descriptor: FileDescriptor, details: MountDetails) {
        self.descriptor = descriptor
        self.details = details
    }
}

/// Where a client attached a granted mount. Mount ids and paths mean something only in their mount namespace.
public struct MountTarget: Sendable, Hashable, Codable {
    public var path: String
    /// Inode number of /proc/self/ns/mnt.
    public var mountNamespace: UInt64
    /// The first field of /proc/self/mountinfo.
    public var mountID: UInt64

    public init(path: String, mountNamespace: UInt64, mountID: UInt64) {
        self.path = path
        self.mountNamespace = mountNamespace
        self.mountID = mountID
    }
}

public struct MountReport: Sendable, Hashable, Codable {
    /// `MountDetails.id` of the grant.
    public var id: UInt64
    public var target: MountTarget
    /// Of the grant, for a daemon that took over from the one that made it.
    public var chainID: Digest?

    public init(id: UInt64, target: MountTarget, chainID: Digest? = nil) {
        self.id = id
        self.target = target
        self.chainID = chainID
    }
}

/// How much of a mounted image is there.
public enum MountState: String, Sendable, Codable, CaseIterable {
    /// Nobody looked inside yet.
    case idle
    /// Layers are being fetched and unpacked; readers wait.
    case unpacking
    case ready
    /// The last attempt failed; the next access tries again.
    case failed
}

/// A mounted image: one file system in the kernel, attached at any number of targets.
public struct MountRecord: Sendable, Hashable, Codable {
    /// What /proc/mounts shows.
    public var source: String
    public var name: String
    public var platform: String
    public var manifestDigest: Digest
    public var chainID: Digest
    public var state: MountState
    /// Why the last attempt failed.
    public var failure: String?
    /// Where clients said that they attached it; some may have been unmounted since.
    public var targets: [MountTarget]
    /// Requests of readers that wait for the image right now.
    public var waitingReaderCount: Int
    /// Seconds since 1970.
    public var mountedAtSeconds: Int64
    /// Of the file system, as in /proc/self/mountinfo: `major:minor`.
    public var device: String?

    public init(
        source: String, name: String, platform: String, manifestDigest: Digest, chainID: Digest, state: MountState,
        failure: String? = nil, targets: [MountTarget], waitingReaderCount: Int, mountedAtSeconds: Int64,
        device: String? = nil
    ) {
        self.device = device
        self.source = source
        self.name = name
        self.platform = platform
        self.manifestDigest = manifestDigest
        self.chainID = chainID
        self.state = state
        self.failure = failure
        self.targets = targets
        self.waitingReaderCount = waitingReaderCount
        self.mountedAtSeconds = mountedAtSeconds
    }
}
