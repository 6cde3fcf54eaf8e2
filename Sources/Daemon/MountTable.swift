import Control
import DescriptorStore
import FUSE
import FoundationEssentials
import ImageFS
import KeyedMutex
import Logging
import OCI
import Snapshot
import Synchronization
import SystemPackage
import Threads

/// All mounted chains, one file system each.
final class MountTable: Sendable {
    let chains: ChainFlights
    let workers: WorkerPool
    private let storeThreads: BlockingPool
    let logger: Logger
    private let entries = Mutex<Entries>(Entries())
    let keeping: MountKeeping?
    private let grants = Mutex<Grants>(Grants())
    /// Two requests for one chain make one session.
    private let creations = Singleflight<Digest, MountedImage>(rank: .mount)

    private struct Entries {
        /// What the next mount of a chain shares.
        var current: [Digest: MountedImage] = [:]
        /// Sessions that go on for the mounts that they have, and get no more.
        var retired: [MountedImage] = []
    }

    private struct Grants {
        static let maximumOpenCount = 1024
        var lastID: UInt64 = 0
        /// Grants that are not reported as attached yet.
        var open: [UInt64: MountedImage] = [:]
    }

    /// - Parameter keeping: has mounts outlive this process.
    init(
        chains: ChainFlights, workers: WorkerPool, storeThreads: BlockingPool, logger: Logger,
        keeping: MountKeeping? = nil
    ) {
        self.keeping = keeping
        // No grant has the number of one that another daemon made.
        grants.withLock { $0.lastID = UInt64(keeping?.recorder.generation ?? 0) << 32 }
        self.chains = chains
        self.workers = workers
        self.storeThreads = storeThreads
        self.logger = logger
    }

    var all: [MountedImage] { entries.withLock { Array($0.current.values) + $0.retired } }

    var waits: [KeyWait] { creations.flights }

    /// A detached mount of the image. The file system is shared with all other mounts of the chain; source name and
    /// flags are the mount's own.
    func grant(_ resolved: ResolvedImage, _ request: MountRequest) async throws -> MountGrant {
        let chain = resolved.chain
        // The session ends when its last mount goes, which may be right now: then a new one is made.
        for _ in 0..<5 {
            let mounted = try await mountedImage(chain, resolved.image, source: request.sourceName)
            if let reason = mounted.isolationReason {
                throw DaemonError(
                    .fault, "\(chain.name): \(reason); unmount it everywhere, or restart the daemon, to try it again")
            }
            let attributes = MountAttributes(request.flags)
            do {
                let descriptor = try await storeThreads.run {
                    try DetachedMount.make(
                        mounted.session, sourceName: request.sourceName, attributes: attributes)
                }
                mounted.knows(device: mounted.session.deviceName)
                mounted.mounted(resolved.image, origins: chain.origins)
                if request.prefetches == true, !mounted.fileSystem.isReady { Task { await open(mounted) } }
                return MountGrant(descriptor: descriptor, details: details(resolved.image, chain, of: mounted))
            } catch FuseError.sessionEnded {
                forget(mounted)
            } catch {
                // The first mount of a session ends it when it fails: nobody would ever unmount it.
                mounted.session.stopUnlessMounted()
                throw error
            }
        }
        throw DaemonError(.fault, "\(chain.name): its file system ends again and again before it is mounted")
    }

    func attached(_ report: MountReport) {
        let granted = grants.withLock { $0.open.removeValue(forKey: report.id) }
        let mounted = granted ?? report.chainID.flatMap { chainID in entries.withLock { $0.current[chainID] } }
        mounted?.attached(at: report.target)
    }

    private func details(_ image: Image, _ chain: Chain, of mounted: MountedImage) -> MountDetails {
        let id = grants.withLock { grants in
            grants.lastID += 1
            grants.open[grants.lastID] = mounted
            // Who was granted a mount and failed to attach it never reports.
            if grants.open.count > Grants.maximumOpenCount, let oldest = grants.open.keys.min() {
                grants.open[oldest] = nil
            }
            return grants.lastID
        }
        return MountDetails(
            id: id, name: image.name, platform: "\(image.platform)", rootDigest: image.rootDigest,
            manifestDigest: image.manifestDigest, chainID: chain.chainID, layerCount: image.layers.count)
    }

    private func mountedImage(_ chain: Chain, _ image: Image, source: String) async throws -> MountedImage {
        if let mounted = entries.withLock({ $0.current[chain.chainID] }) { return mounted }
        return try await creations.run(chain.chainID, holder: chain.name) { [self] in
            if let mounted = entries.withLock({ $0.current[chain.chainID] }) { return mounted }
            return try await create(chain, image, source: source)
        }
    }

    private func create(_ chain: Chain, _ image: Image, source: String) async throws -> MountedImage {
        // First: what is found in the store from here on stays there as long as the mount does.
        chains.retainedChains.retain(chain)
        do {
            return try await makeSession(chain, image, source: source)
        } catch {
            chains.retainedChains.release(chain)
            throw error
        }
    }

    private func makeSession(_ chain: Chain, _ image: Image, source: String) async throws -> MountedImage {
        let stored = try await chains.openStored(chain)
        let state = MountedImage.State(
            source: source, image: image, mountedAtSeconds: Int64(Date.now.timeIntervalSince1970))
        let record = keeping?.makeRecord()
        SessionJournal.append(
            .mounted(
                .init(source: source, image: image, chainID: chain.chainID, mountedAtSeconds: state.mountedAtSeconds)),
            to: record)
        for origin in chain.origins.reversed() { MountedImage.note(origin, in: record) }
        let mounted = try link(chain, state, record, wasReady: false) { (fileSystem, onEnd) throws(FuseError) in
            try FuseSession(
                fileSystem: fileSystem, pool: workers, logger: logger, keeping: record.flatMap { keeping?.keeping($0) },
                onEnd: onEnd)
        }
        if let stored, mounted.admit(treeChecksum: stored.tree.checksum) {
            mounted.fileSystem.publish(tree: stored.tree, layers: stored.contents)
        }
        add(mounted)
        return mounted
    }

    /// Of two sessions of one chain the newer one gets the mounts that come; the other is served until it ends.
    func add(_ mounted: MountedImage) {
        entries.withLock { entries in
            if let former = entries.current.updateValue(mounted, forKey: mounted.chainID) {
                entries.retired.append(former)
            }
        }
    }

    /// Makes file system and session know each other.
    func link(
        _ chain: Chain, _ state: MountedImage.State, _ record: SessionRecord?, wasReady: Bool,
        wasTakenOver: Bool = false,
        _ makeSession: (ImageFileSystem, @escaping @Sendable () -> Void) throws(FuseError) -> FuseSession
    ) throws(FuseError) -> MountedImage {
        let box = WeakMountedImage()
        let fileSystem = ImageFileSystem(chainID: chain.chainID, logger: logger, wasReady: wasReady) { [self] in
            guard let mounted = box.value else { return }
            Task { await open(mounted) }
        }
        let session = try makeSession(fileSystem) { [self] in
            if let mounted = box.value { forget(mounted) }
        }
        let mounted = MountedImage(
            chain: chain, fileSystem: fileSystem, session: session, keptRecord: record, wasTakenOver: wasTakenOver,
            state: state)
        box.value = mounted
        return mounted
    }

    /// Brings the chain of a mount whose readers wait, or tells them why not.
    private func open(_ mounted: MountedImage) async {
        mounted.openingStarted()
        do {
            let opened = try await openFromAnywhere(mounted)
            guard mounted.admit(treeChecksum: opened.tree.checksum) else {
                throw DaemonError(
                    .fault,
                    "this version of imgfs lays the image out differently than the one that mounted it; unmount"
                        + " it everywhere and mount it again")
            }
            mounted.openingEnded(failure: nil)
            mounted.fileSystem.publish(tree: opened.tree, layers: opened.contents)
        } catch {
            let (kind, text) = describe(error)
            logger.error("image cannot be read", metadata: ["image": "\(mounted.chain.name)", "cause": "\(text)"])
            mounted.openingEnded(failure: text)
            mounted.fileSystem.fail(kind.readerErrno)
        }
    }

    /// Tries again while somebody else mounted the chain meanwhile who knows another place.
    private func openFromAnywhere(_ mounted: MountedImage) async throws -> OpenChain {
        while true {
            let chain = mounted.chain
            do {
                return try await chains.open(chain)
            } catch {
                let failure = FetchFailure(cause: error, places: chain.places)
                guard failure.leavesHope(for: mounted.chain) else { throw error }
            }
        }
    }

    /// Something of these chains or layers was damaged and has been removed: the sessions that have it open go on, since
    /// nobody can take it from them, but who mounts such an image from now on gets a new one.
    func retire(chainIDs: Set<Digest>, diffIDs: Set<Digest>) {
        let retired = entries.withLock { entries in
            let affected = entries.current.values.filter {
                chainIDs.contains($0.chainID) || !diffIDs.isDisjoint(with: $0.chain.diffIDs)
            }
            for mounted in affected { entries.current[mounted.chainID] = nil }
            entries.retired += affected
            return affected
        }
        for mounted in retired {
            logger.error(
                "a mounted image was damaged: unmount it and mount it again",
                metadata: ["image": "\(mounted.chain.name)", "chainID": "\(mounted.chainID)"])
        }
    }

    /// Ends all sessions, for the daemon's end.
    func endAll() {
        for mounted in all { mounted.session.stop() }
    }

    private func forget(_ mounted: MountedImage) {
        let wasThere = entries.withLock { entries in
            if entries.current[mounted.chainID] === mounted {
                entries.current[mounted.chainID] = nil
                return true
            }
            let position = entries.retired.firstIndex { $0 === mounted }
            if let position { entries.retired.remove(at: position) }
            return position != nil
        }
        guard wasThere else { return }
        grants.withLock { grants in grants.open = grants.open.filter { $0.value !== mounted } }
        if let record = mounted.keptRecord { keeping?.drop(record) }
        chains.retainedChains.release(mounted.chain)
        logger.info("image unmounted", metadata: ["image": "\(mounted.chain.name)"])
    }
}

/// Breaks the circle between a file system and the mount that opens it.
private final class WeakMountedImage: Sendable {
    private struct Reference { weak var image: MountedImage? }
    private let reference = Mutex(Reference())

    var value: MountedImage? {
        get { reference.withLock { $0.image } }
        set { reference.withLock { $0.image = newValue } }
    }
}

extension MountAttributes {
    init(_ flags: MountFlags) {
        self = []
        if !flags.allowsSetUserID { insert(.noSetUserID) }
        if !flags.allowsDevices { insert(.noDevices) }
        if flags.noExecute { insert(.noExecute) }
        if flags.noAccessTime { insert(.noAccessTime) }
        if flags.noDirectoryAccessTime { insert(.noDirectoryAccessTime) }
        if flags.strictAccessTime { insert(.strictAccessTime) }
        if flags.noSymbolicLinks { insert(.noSymbolicLinks) }
    }
}
