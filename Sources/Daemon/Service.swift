import Control
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
    let logger: Logger
    private let startedAtSeconds = Int64(Date.now.timeIntervalSince1970)
    /// Called when somebody asks the daemon to end.
    private let requestStop: @Sendable () -> Void

    init(
        configuration: DaemonConfiguration, store: Store, resolver: ImageResolver, layers: LayerFlights,
        chains: ChainFlights, mountTable: MountTable, storeThreads: BlockingPool, logger: Logger,
        requestStop: @escaping @Sendable () -> Void
    ) {
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
            socketPath: configuration.socketPath, startedAtSeconds: startedAtSeconds, store: store,
            mountCount: mounts.count, waitingReaderCount: mounts.map(\.fileSystem.waitingCount).reduce(0, +),
            downloads: layers.runningTransfers.map(\.record).sorted { $0.startedAtSeconds < $1.startedAtSeconds })
    }

    func waits() async throws -> [WaitRecord] { waitRecords }

    /// Every key that is held; also what SIGUSR1 logs.
    var waitRecords: [WaitRecord] {
        (resolver.waits + mountTable.waits + chains.waits).map { wait in
            WaitRecord(
                rank: "\(wait.rank)", key: wait.key, holder: wait.holder, heldSeconds: wait.heldSeconds,
                waiterCount: wait.waiterCount)
        }
        .sorted { $0.heldSeconds > $1.heldSeconds }
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

    func stop(_ request: StopRequest, from caller: Caller) async throws {
        let mounted = mountTable.all
        guard request.force || mounted.isEmpty else {
            throw DaemonError(
                .usage,
                "\(mounted.count) images are mounted; unmount them first, or stop with --force: then they answer with"
                    + " 'Transport endpoint is not connected' until they are unmounted")
        }
        logger.notice("asked to stop", metadata: ["pid": "\(caller.processID)", "uid": "\(caller.userID)"])
        requestStop()
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
