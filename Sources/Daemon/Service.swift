import Control
import DescriptorStore
import FoundationEssentials
import ImageFS
import KeyedMutex
import Logging
import OCI
import Registry
import Store
import Threads

/// What the daemon does for commands and mount helpers.
final class Service: ControlService {
    let configuration: DaemonConfiguration
    let store: Store
    let resolver: ImageResolver
    let layers: LayerFlights
    let chains: ChainFlights
    let mountTable: MountTable
    let storeThreads: BlockingPool
    let verifyThreads = BlockingPool(name: "verify", maximumThreads: 1)
    let keeping: MountKeeping?
    private let counters: @Sendable () -> DaemonCounters
    let logger: Logger
    private let startedAtSeconds = Int64(Date.now.timeIntervalSince1970)
    /// Called when somebody asks the daemon to end.
    let requestStop: @Sendable () -> Void
    /// Called when somebody wants another program in the daemon's place.
    let requestReplacement: @Sendable () -> Void

    init(
        configuration: DaemonConfiguration, store: Store, resolver: ImageResolver, layers: LayerFlights,
        chains: ChainFlights, mountTable: MountTable, storeThreads: BlockingPool, keeping: MountKeeping?,
        logger: Logger, counters: @escaping @Sendable () -> DaemonCounters,
        requestStop: @escaping @Sendable () -> Void, requestReplacement: @escaping @Sendable () -> Void
    ) {
        self.keeping = keeping
        self.counters = counters
        self.requestReplacement = requestReplacement
        self.configuration = configuration
        self.store = store
        self.resolver = resolver
        self.layers = layers
        self.chains = chains
        self.mountTable = mountTable
        self.storeThreads = storeThreads
        self.logger = logger
        self.requestStop = requestStop
    }

    func mount(_ request: MountRequest, from caller: Caller) async throws -> MountGrant {
        let resolved = try await resolver.resolve(request.image, from: caller)
        let grant = try await mountTable.grant(resolved, request)
        logger.info(
            "image mounted",
            metadata: [
                "image": "\(resolved.image.name)", "manifest": "\(resolved.image.manifestDigest)",
                "chainID": "\(grant.details.chainID)", "target": "\(request.target)",
            ])
        return grant
    }

    func attached(_ report: MountReport, from caller: Caller) async { mountTable.attached(report) }

    func mounts() async throws -> [MountRecord] {
        mountTable.all.map(\.record).sorted { ($0.mountedAtSeconds, $0.name) < ($1.mountedAtSeconds, $1.name) }
    }

    func status() async throws -> DaemonStatus {
        let store = try await storeThreads.run { [store] in try StoreSummary(store.usage()) }
        let mounts = mountTable.all
        return DaemonStatus(
            version: imgfsVersion, processID: ProcessInfo.processInfo.processIdentifier, root: configuration.root,
            socketPath: configuration.socketPath, startedAtSeconds: startedAtSeconds, keeper: keeperStatus,
            store: store,
            mountCount: mounts.count, waitingReaderCount: mounts.map(\.fileSystem.waitingCount).reduce(0, +),
            downloads: layers.runningTransfers.map(\.record).sorted { $0.startedAtSeconds < $1.startedAtSeconds },
            counters: counters())
    }

    func waits() async throws -> [WaitRecord] { waitRecords }

    /// Every key that is held; also what SIGUSR1 logs.
    var waitRecords: [WaitRecord] {
        (resolver.waits + mountTable.waits + chains.waits).map { WaitRecord($0) }.sorted {
            $0.heldSeconds > $1.heldSeconds
        }
    }

    func logWaits() {
        let records = waitRecords
        logger.notice("keys held: \(records.count)")
        for wait in records {
            logger.notice(
                "key held",
                metadata: [
                    "rank": "\(wait.rank)", "key": "\(wait.key)", "holder": "\(wait.holder)",
                    "seconds": "\(wait.heldSeconds)", "waiters": "\(wait.waiterCount)",
                ])
        }
    }
}

extension WaitRecord {
    init(_ wait: KeyWait) {
        self.init(
            rank: "\(wait.rank)", key: wait.key, holder: wait.holder, heldSeconds: wait.heldSeconds,
            waiterCount: wait.waiterCount)
    }
}

extension StoreSummary {
    init(_ usage: StoreUsage) {
        self.init(
            imageCount: usage.imageCount, layerCount: usage.layerCount, treeCount: usage.treeCount,
            layerByteCount: usage.layerByteCount, treeByteCount: usage.treeByteCount,
            partialByteCount: usage.partialByteCount, freeByteCount: usage.freeByteCount)
    }
}
