import OCI
import Synchronization

/// Chains that somebody uses right now, counted: mounts, and unpacks in flight. `prune` keeps what they need.
///
/// A chain is retained before its layers are looked for in the store. A layer that prune takes away in between is
/// either found missing and fetched again, or was opened before and stays readable until it is closed.
final class RetainedChains: Sendable {
    private struct Use {
        var diffIDs: [Digest]
        var count: Int
    }

    private let uses = Mutex<[Digest: Use]>([:])

    func retain(_ chain: Chain) {
        uses.withLock { $0[chain.chainID, default: Use(diffIDs: chain.diffIDs, count: 0)].count += 1 }
    }

    func release(_ chain: Chain) {
        uses.withLock { uses in
            guard var use = uses[chain.chainID] else { return }
            use.count -= 1
            uses[chain.chainID] = use.count > 0 ? use : nil
        }
    }

    var chainIDs: Set<Digest> { uses.withLock { Set($0.keys) } }
    var diffIDs: Set<Digest> { uses.withLock { Set($0.values.flatMap(\.diffIDs)) } }
}
