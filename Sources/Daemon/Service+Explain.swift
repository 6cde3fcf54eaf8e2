import Control
import ImageFS
import OCI
import Snapshot
import Store
import Threads

/// Saying where a path comes from.
extension Service {
    func explain(_ request: ExplainRequest) async throws -> Explanation {
        guard let mounted = mountTable.all.first(where: { $0.record.device == request.device }) else {
            throw DaemonError(
                .notFound,
                "this daemon serves no mounted image with the device number \(request.device); is it the mount of another"
                    + " daemon (--socket), or of one that is gone?")
        }
        let record = mounted.record
        let flight = chains.flight(of: mounted.chainID)
        let explainer = Explainer(
            store: store, layers: layers, image: mounted.image, isWorkedOn: flight != nil)
        let waitingReaderCount = mounted.fileSystem.waitingCount
        var tree = mounted.fileSystem.tree
        // Somebody may have pulled the image since it was mounted.
        if tree == nil { tree = try await chains.openStored(mounted.chain)?.tree }
        let explanation = Explanation(
            source: record.source, name: record.name, chainID: record.chainID, state: record.state,
            path: "/" + request.path.split(separator: "/").joined(separator: "/"),
            isLocal: tree != nil)
        return try await storeThreads.run { [tree] in
            var explanation = explanation
            if let tree {
                try explainer.describe(request.path, followsLink: request.followsLink, in: tree, &explanation)
            }
            if record.state != .ready {
                let history = try explainer.history()
                let layers = try explainer.image.layers.indices.map { try explainer.layer($0, history: history) }
                    .filter { $0.state != .stored }
                explanation.progress = ExplainedProgress(
                    waitingReaderCount: waitingReaderCount, flight: flight.map { WaitRecord($0) },
                    layers: layers, lastFailure: mounted.lastFailure)
                explanation.isLocal = layers.isEmpty
            }
            return explanation
        }
    }
}
