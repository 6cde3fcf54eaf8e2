import KeyedMutex
import Layers
import Logging
import OCI
import Registry
import Store
import Synchronization
import Threads

/// Brings layers into the store, each at most once at a time however many want it.
///
/// Lock order: a chain's flight waits for layers' flights, a layer's flight takes its blob's key. Never the other way.
final class LayerFlights: Sendable {
    private let store: Store
    private let unpacker: LayerUnpacker
    /// One thread for each layer that is fetched at a time; a layer that has to wait holds no thread.
    private let unpackThreads: BlockingPool
    private let storeThreads: BlockingPool
    private let flights = Singleflight<Digest, StoredLayer>(rank: .layer)
    /// Two layers may name one blob; its partial file has one writer.
    private let blobs = KeyedMutex<Digest>(rank: .blob)
    private let transfers = Mutex<[Digest: LayerTransfer]>([:])
    private let logger: Logger
    private let counters: EventCounters

    init(
        store: Store, maximumDownloads: Int, limits: UnpackLimits = UnpackLimits(), storeThreads: BlockingPool,
        logger: Logger, counters: EventCounters = EventCounters()
    ) {
        self.counters = counters
        self.store = store
        self.storeThreads = storeThreads
        self.logger = logger
        unpacker = LayerUnpacker(store: store, limits: limits)
        unpackThreads = BlockingPool(name: "unpack", maximumThreads: maximumDownloads)
    }

    /// The layer, from the store or from the first origin that can give it. Throws the first origin's error.
    func layer(_ diffID: Digest, of chain: Chain) async throws -> StoredLayer {
        if let stored = try await stored(diffID) { return stored }
        return try await flights.run(diffID, for: chain) { [self] in
            if let stored = try await stored(diffID) { return stored }
            try await fetch(diffID, of: chain)
            guard let stored = try await stored(diffID) else {
                throw DaemonError(.fault, "layer \(diffID) is not in the store after it was unpacked")
            }
            return stored
        }
    }

    private func stored(_ diffID: Digest) async throws -> StoredLayer? {
        try await storeThreads.run { [store] in try store.layer(diffID) }
    }

    private func fetch(_ diffID: Digest, of chain: Chain) async throws {
        var first: (any Error)?
        for origin in chain.origins {
            guard let blob = origin.blob(of: diffID) else { continue }
            do {
                try await fetch(diffID, blob: blob, from: origin)
                return
            } catch {
                counters.failed(.fetch, error)
                guard let error = error as? any DescribedError, error.kind.mayHaveBetterLuckElsewhere else {
                    throw error
                }
                first = first ?? error
            }
        }
        throw first
            ?? DaemonError(
                .notFound,
                "\(chain.name): layer \(diffID) is not in the store, and no image that has it is known;"
                    + " pull an image with this layer")
    }

    private func fetch(_ diffID: Digest, blob: Descriptor, from origin: LayerOrigin) async throws {
        try await blobs.withLock(blob.digest, holder: origin.image.name) {
            let transfer = LayerTransfer(blob: blob, image: origin.image.name)
            transfers.withLock { $0[diffID] = transfer }
            defer { transfers.withLock { _ = $0.removeValue(forKey: diffID) } }
            let start = ContinuousClock.now
            try await unpackThreads.run { [unpacker, counters] in
                try unpacker.unpack(
                    blob, diffID: diffID, from: origin.open(), isResumable: origin.isRemote,
                    progress: {
                        let growth = transfer.update(
                            fetchedByteCount: $0.fetchedByteCount, unpackedByteCount: $0.unpackedByteCount)
                        counters.unpacked(byteCount: growth)
                    },
                    arrived: { counters.fetched(byteCount: $0, isRemote: origin.isRemote) })
            }
            counters.layerUnpacked()
            logger.info(
                "layer unpacked",
                metadata: [
                    "diffID": "\(diffID)", "blob": "\(blob.digest)", "image": "\(origin.image.name)",
                    "bytes": "\(blob.size)", "time": "\(ContinuousClock.now - start)",
                ])
        }
    }

    /// What is going on with a layer; nil when nothing is.
    func transfer(of diffID: Digest) -> LayerTransfer? { transfers.withLock { $0[diffID] } }

    /// An attempt at a registry failed, and another follows.
    func retried(_ retry: RegistryRetry) {
        counters.retried(retry.failure.kind)
        guard let blob = retry.blob else { return }
        let transfer = transfers.withLock { $0.values.first { $0.blob.digest == blob } }
        transfer?.retried(retry.failure.description)
    }

    var runningTransfers: [LayerTransfer] { transfers.withLock { Array($0.values) } }

    var waits: [KeyWait] { flights.flights + blobs.waits }
}
