import Control
import DescriptorStore
import FUSE
import ImageFS
import Logging
import OCI
import Synchronization

/// One chain as a file system in the kernel, shared by all mounts of it.
final class MountedImage: Sendable {
    let chainID: Digest
    let fileSystem: ImageFileSystem
    let session: FuseSession
    /// What a successor needs; nil when nobody keeps it.
    let keptRecord: SessionRecord?
    /// A daemon before this one mounted it.
    let wasTakenOver: Bool
    private let firstChain: Chain
    private let state: Mutex<State>

    struct State {
        /// The first request that led here describes the mount in listings.
        var source: String
        var image: Image
        var targets: [MountTarget] = []
        var mountedAtSeconds: Int64
        var isOpening = false
        var failure: String?
        /// As `failure`, and kept while it is tried again.
        var lastFailure: String?
        /// Of all who mounted it, the newest first: each of them may know a place that works.
        var origins: [LayerOrigin] = []
        /// What they call it.
        var names: Set<String> = []
        /// Of the file system: `major:minor`.
        var device: String?
        /// Of the tree that the kernel has seen.
        var treeChecksum: UInt64?
        /// Why it answers with EIO.
        var isolationReason: String?
    }

    init(
        chain: Chain, fileSystem: ImageFileSystem, session: FuseSession, keptRecord: SessionRecord? = nil,
        wasTakenOver: Bool = false, state: State
    ) {
        self.keptRecord = keptRecord
        self.wasTakenOver = wasTakenOver
        chainID = chain.chainID
        firstChain = chain
        self.fileSystem = fileSystem
        self.session = session
        var state = state
        state.origins = chain.origins
        state.names = [state.image.name]
        self.state = Mutex(state)
    }

    /// With the origins of all who mounted it.
    var chain: Chain { firstChain.with(origins: state.withLock { $0.origins }) }

    var names: Set<String> { state.withLock { $0.names } }

    /// One more mount of the same chain, perhaps with other places to fetch it from.
    func mounted(_ image: Image, origins: [LayerOrigin]) {
        let new = state.withLock { state in
            let known = Set(state.origins.map(\.place))
            state.origins = LayerOrigin.merged(origins, before: state.origins)
            let isNewName = state.names.insert(image.name).inserted
            return origins.filter { isNewName || !known.contains($0.place) }
        }
        for origin in new.reversed() { Self.note(origin, in: keptRecord) }
    }

    /// Somebody calls it so.
    func knows(_ name: String) { state.withLock { _ = $0.names.insert(name) } }

    static func note(_ origin: LayerOrigin, in record: SessionRecord?) {
        SessionJournal.append(.origin(.init(image: origin.image, place: origin.place)), to: record)
    }

    func attached(at target: MountTarget) {
        state.withLock { Self.add(target, to: &$0.targets) }
        SessionJournal.append(.target(target), to: keptRecord)
    }

    /// It is mounted.
    func knows(device: String?) {
        let isNew = state.withLock { state in
            guard state.device == nil, device != nil else { return false }
            state.device = device
            return true
        }
        if isNew, let device { SessionJournal.append(.device(device), to: keptRecord) }
    }

    /// The image is about to be shown to the kernel. False when it has seen another tree under these nodes, which only a
    /// daemon of another version can have made.
    func admit(treeChecksum: UInt64) -> Bool {
        let known = state.withLock { state in
            defer { state.treeChecksum = state.treeChecksum ?? treeChecksum }
            return state.treeChecksum
        }
        if let known { return known == treeChecksum }
        SessionJournal.append(.tree(checksum: treeChecksum), to: keptRecord)
        keptRecord?.wasReady = true
        return true
    }

    /// Why it could not be made ready last time; nil once it could.
    var lastFailure: String? { state.withLock { $0.isolationReason ?? $0.lastFailure } }

    var image: Image { state.withLock { $0.image } }

    var isolationReason: String? { state.withLock { $0.isolationReason } }

    /// Nobody tells when a mount goes away while others stay. The kernel gives its number to a later mount of the
    /// namespace, which then takes its place; of those that stay in the list the newest count.
    static func add(_ target: MountTarget, to targets: inout [MountTarget]) {
        targets.removeAll { $0.mountID == target.mountID && $0.mountNamespace == target.mountNamespace }
        targets.append(target)
        if targets.count > maximumTargetCount { targets.removeFirst() }
    }

    /// Keeps what `imgfs mounts` gets within a line of the control protocol.
    static let maximumTargetCount = 4096

    func openingStarted() {
        keptRecord?.isOpening = true
        state.withLock {
            $0.isOpening = true
            $0.failure = nil
        }
    }

    func openingEnded(failure: String?) {
        keptRecord?.isOpening = false
        state.withLock {
            $0.isOpening = false
            $0.failure = failure
            $0.lastFailure = failure
        }
    }

    var record: MountRecord {
        let state = self.state.withLock { $0 }
        let condition: MountState =
            if state.isolationReason != nil { .failed } else if fileSystem.isReady { .ready } else if state.isOpening {
                .unpacking
            } else if state.failure != nil {
                .failed
            } else { .idle }
        return MountRecord(
            source: state.source, name: state.image.name, platform: "\(state.image.platform)",
            manifestDigest: state.image.manifestDigest, chainID: chainID, state: condition,
            failure: state.isolationReason ?? state.failure, targets: state.targets,
            waitingReaderCount: fileSystem.waitingCount,
            mountedAtSeconds: state.mountedAtSeconds, device: state.device)
    }
}
