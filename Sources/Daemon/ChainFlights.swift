import ImageFS
import KeyedMutex
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
    private let storeThreads: BlockingPool
    private let flights = Singleflight<Digest, OpenChain>(rank: .chain)
    private let failures = RecentFailures()
    private let retained = RetainedChains()

    init(store: Store, layers: LayerFlights, storeThreads: BlockingPool) {
        self.store = store
        self.layers = layers
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
                throw error
            }
        }
    }

    /// The chain when all of it is in the store; nil when something would have to be fetched.
    func openStored(_ chain: Chain) async throws -> OpenChain? {
        try await storeThreads.run { [store] in
            guard let file = try store.tree(chain.chainID),
                let tree = try? Tree(file, chainID: chain.chainID)  // a damaged one is made again at the first access
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
        let layers = self.layers
        let stored = try await withThrowingTaskGroup(of: (Digest, StoredLayer).self) { group in
            for diffID in chain.distinctDiffIDs {
                group.addTask { (diffID, try await layers.layer(diffID, of: chain)) }
            }
            var stored: [Digest: StoredLayer] = [:]
            for try await (diffID, layer) in group { stored[diffID] = layer }
            return stored
        }
        let ordered = chain.diffIDs.compactMap { stored[$0] }
        return try await storeThreads.run { [store] in
            if let file = try store.tree(chain.chainID) {
                do {
                    return OpenChain(tree: try Tree(file, chainID: chain.chainID), layers: ordered)
                } catch {
                    // Damaged, or of another version: it is made again from the layers.
                    try store.removeTree(chain.chainID)
                }
            }
            let bytes = try TreeMerge.tree(of: ordered.map { try $0.index() }, chainID: chain.chainID)
            let file = try store.publishTree(chain.chainID, bytes)
            return OpenChain(tree: try Tree(file, chainID: chain.chainID), layers: ordered)
        }
    }

    /// Chains that are mounted or worked on.
    var retainedChains: RetainedChains { retained }

    var waits: [KeyWait] { flights.flights + layers.waits }
}
