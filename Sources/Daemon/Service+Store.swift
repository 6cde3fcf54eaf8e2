import Control
import LayerIndex
import Layers
import OCI
import Snapshot
import Store
import Synchronization
import Threads

/// Forgetting, freeing and checking.
extension Service {
    func remove(_ request: RemoveRequest, from caller: Caller) async throws -> RemoveResult {
        let name = try Source(parsing: request.source).description
        let platform = try request.platform.map { try Platform(parsing: $0) }
        let platforms = try await storeThreads.run { [store] in try store.removeImage(named: name, platform: platform) }
        guard !platforms.isEmpty else {
            throw DaemonError(.notFound, "\(name): no such image is stored; 'imgfs images' lists them")
        }
        return RemoveResult(name: name, platforms: platforms.map(\.description))
    }

    func prune(_ request: PruneRequest, from caller: Caller) async throws -> PruneResult {
        let mounted = Set(mountTable.all.flatMap(\.names))
        let retained = chains.retainedChains
        return try await storeThreads.run { [store] in
            var forgotten: [String] = []
            if request.all {
                for entry in try store.images() where !mounted.contains(entry.image.name) {
                    _ = try store.removeImage(named: entry.image.name, platform: entry.platform)
                    forgotten.append(entry.image.name)
                }
            }
            // Asked right before each removal: what is mounted or unpacked from now on stays too.
            let report = try store.prune { object in
                switch object {
                case .layer(let diffID): retained.diffIDs.contains(diffID)
                case .tree(let chainID): retained.chainIDs.contains(chainID)
                case .checkpoints, .document, .partial, .catalogue: false
                }
            }
            return PruneResult(
                images: forgotten, layers: report.layers, trees: report.trees, freedByteCount: report.freedByteCount)
        }
    }

    func verify(events: @escaping @Sendable (VerifyEvent) -> Void) async throws -> VerifyResult {
        let isGivenUp = Flag()
        // A thread of its own: reading everything takes minutes, in which mounts must find free ones.
        let report = try await withTaskCancellationHandler {
            try await verifyThreads.run { [store] in
                try store.verify(
                    check: problem, isCancelled: { isGivenUp.isSet }, progress: { events(VerifyEvent($0)) })
            }
        } onCancel: {
            isGivenUp.set()
        }
        var (damagedChains, damagedLayers): (Set<Digest>, Set<Digest>) = ([], [])
        for finding in report.problems {
            switch finding.object {
            case .tree(let chainID): damagedChains.insert(chainID)
            case .layer(let diffID): damagedLayers.insert(diffID)
            case .checkpoints, .document, .partial, .catalogue: break
            }
        }
        mountTable.retire(chainIDs: damagedChains, diffIDs: damagedLayers)
        try Task.checkCancellation()
        return VerifyResult(
            objectCount: report.objectCount, byteCount: report.byteCount,
            problems: report.problems.map { VerifyEvent($0) })
    }
}

/// Set once, by another thread.
private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// Whether a tree can be served, and whether a layer can be inflated again from its checkpoints.
private func problem(with subject: VerifySubject) -> String? {
    switch subject {
    case .tree(let chainID, let file):
        do {
            _ = try Tree(file, chainID: chainID)
            return nil
        } catch {
            return error.description
        }
    case .checkpoints(let diffID, let file, let archive):
        do {
            try CheckpointFile(file, diffID: diffID).check(against: archive)
            return nil
        } catch {
            return error.description
        }
    }
}

extension VerifyEvent {
    fileprivate init(_ finding: VerifyFinding) {
        self.init(object: finding.object.description, problem: finding.problem)
    }
}
