import Control
import OCI
import Store
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
        let mounted = Set(mountTable.all.map(\.record.name))
        let retained = chains.retainedChains
        return try await storeThreads.run { [store] in
            var forgotten: [String] = []
            if request.all {
                for entry in try store.images() where !mounted.contains(entry.image.name) {
                    _ = try store.removeImage(named: entry.image.name, platform: entry.platform)
                    forgotten.append(entry.image.name)
                }
            }
            let report = try store.prune(
                keepingChains: { retained.chainIDs.contains($0) }, keepingLayers: { retained.diffIDs.contains($0) })
            return PruneResult(
                images: forgotten, layers: report.layers, trees: report.trees, freedByteCount: report.freedByteCount)
        }
    }

    func verify(events: @escaping @Sendable (VerifyEvent) -> Void) async throws -> VerifyResult {
        let report = try await storeThreads.run { [store] in
            try store.verify { object, problem in events(VerifyEvent(object: object, problem: problem)) }
        }
        return VerifyResult(
            objectCount: report.objectCount, byteCount: report.byteCount,
            problems: report.problems.map { VerifyEvent(object: $0.object, problem: $0.problem) })
    }
}
