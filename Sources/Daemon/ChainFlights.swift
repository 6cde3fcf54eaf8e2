import ImageFS
import KeyedMutex
import LayerIndex
import OCI
import Snapshot
import Store
import Threads

/// A chain that can be served: its merged tree, and its layers in the tree's order.
struct OpenChain: Sendable {
    let tree: Tree
    let layers: [StoredLayer]

    var contents: [LayerContent] { layers.map { LayerContent(data: $0.data, byteCount: $0.byteCount, owner: $0) } }
}

/// Makes chains ready to be served, each at most once at a time however many want it.
final class ChainFlights: Sendable {
    private let store: Store
    private let layers: LayerFlights
    private let limits: TreeLimits
    private let storeThreads: BlockingPool
    private let flights = Singleflight<Digest, OpenChain>(rank: .chain)
    private let failures = RecentFailures()
    private let retained = RetainedChains()
    private let counters: EventCounters

    init(
        store: Store, layers: LayerFlights, limits: TreeLimits = TreeLimits(), storeThreads: BlockingPool,
        counters: EventCounters = EventCounters()
    ) {
        self.counters = counters
        self.store = store
        self.layers = layers
        self.limits = limits
        self.storeThreads = storeThreads
    }

    /// The chain, with every layer in the store. The first caller starts the work, all wait for it; a caller that gives
    /// up disturbs nobody.
    func open(_ chain: Chain) async throws -> OpenChain {
        try failures.check(chain)
        return try await flights.run(chain.chainID, for: chain) { [self] in
            // While a chain is worked on, prune lets its layers be.
            retained.retain(chain)
            defer { retained.release(chain) }
            do {
                return try await make(chain)
            } catch {
                failures.record(error, for: chain)
                counters.failed(.open, error)
                throw error
            }
        }
    }

    /// The chain when all of it is in the store; nil when something would have to be fetched.
    func openStored(_ chain: Chain) async throws -> OpenChain? {
        try await storeThreads.run { [store] in
            guard let file = try store.tree(chain.chainID),
                // A damaged one is made again at the first access.
                let tree = try? Tree(file, chainID: chain.chainID), tree.diffIDs == chain.diffIDs
            else { return nil }
            var layers: [StoredLayer] = []
            for diffID in tree.diffIDs {
                guard let layer = try store.layer(diffID) else { return nil }
                layers.append(layer)
            }
            return OpenChain(tree: tree, layers: layers)
        }
    }

    private func make(_ chain: Chain) async throws -> OpenChain {
        // A layer whose index turns out to be damaged is fetched once more.
        for _ in 0..<2 {
            let layers = try await stored(chain)
            if let opened = try await storeThreads.run({ [store, limits] in
                try Self.open(chain, layers, in: store, limits)
            }) {
                return opened
            }
        }
        throw DaemonError(
            .io, "\(chain.name): a layer was damaged, and is again after it was fetched; is the disk failing?")
    }

    /// The layers in the chain's order, fetched where they are not in the store.
    private func stored(_ chain: Chain) async throws -> [StoredLayer] {
        let layers = self.layers
        let stored = try await withThrowingTaskGroup(of: (Digest, StoredLayer).self) { group in
            for diffID in chain.diffIDsToFetch {
                group.addTask { (diffID, try await layers.layer(diffID, of: chain)) }
            }
            var stored: [Digest: StoredLayer] = [:]
            for try await (diffID, layer) in group { stored[diffID] = layer }
            return stored
        }
        return chain.diffIDs.compactMap { stored[$0] }
    }

    /// The tree from the store, or merged from the layers; nil when the index of a layer was damaged, which is then removed.
    private static func open(
        _ chain: Chain, _ layers: [StoredLayer], in store: Store, _ limits: TreeLimits
    ) throws -> OpenChain? {
        if let file = try store.tree(chain.chainID) {
            do {
                let tree = try Tree(file, chainID: chain.chainID)
                if tree.diffIDs == chain.diffIDs { return OpenChain(tree: tree, layers: layers) }
            } catch {
                // Damaged, or of another version: it is made again from the layers.
            }
            try store.removeTree(chain.chainID)
        }
        var isWhole = true
        var indexes: [LayerIndex] = []
        var byteCount = 0
        for layer in layers {
            // All are looked at, so that all that are damaged are fetched again together.
            guard let index = try layer.index() else {
                isWhole = false
                continue
            }
            indexes.append(index)
            byteCount += index.indexByteCount
            guard byteCount <= limits.maximumIndexByteCount else {
                throw TreeError.tooLarge(.indexBytes, limit: limits.maximumIndexByteCount)
            }
        }
        guard isWhole else { return nil }
        let tree = try TreeMerge.tree(
            of: indexes, chainID: chain.chainID, limits: limits, scratch: store.scratchDirectory)
        indexes = []
        try store.publishTree(chain.chainID, tree)
        return OpenChain(tree: try Tree(tree, chainID: chain.chainID), layers: layers)
    }

    /// Chains that are mounted or worked on.
    var retainedChains: RetainedChains { retained }

    /// The work on a chain that is going on.
    func flight(of chainID: Digest) -> KeyWait? { flights.flights.first { $0.key == chainID.description } }

    var waits: [KeyWait] { flights.flights + layers.waits }
}
