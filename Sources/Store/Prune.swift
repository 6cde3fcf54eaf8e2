import Content
import Logging
public import OCI
import Synchronization

/// What `prune` removed.
public struct PruneReport: Sendable, Equatable {
    /// diffIDs.
    public var layers: [Digest] = []
    /// chainIDs.
    public var trees: [Digest] = []
    public var documents: [Digest] = []
    /// Digests of blobs of which parts were there.
    public var partials: [Digest] = []
    public var freedByteCount: Int64 = 0

    mutating func add(_ object: StoreObject, byteCount: Int64) {
        freedByteCount += byteCount
        switch object {
        case .layer(let digest): layers.append(digest)
        case .tree(let digest): trees.append(digest)
        case .document(let digest): documents.append(digest)
        case .partial(let digest): partials.append(digest)
        case .checkpoints, .catalogue: break
        }
    }
}

/// What has to stay, as far as the catalogue and the caller can say beforehand.
struct NeededObjects: Equatable {
    var objects: Set<StoreObject> = []

    init(images: [Image], chainIDs: Set<Digest>, diffIDs: Set<Digest>) {
        for image in images {
            objects.formUnion(image.layers.map { .layer($0.diffID) })
            objects.insert(.tree(image.chainID ?? Image.emptyChainID))
            objects.formUnion([image.rootDigest, image.manifestDigest, image.configDigest].map { .document($0) })
        }
        objects.formUnion(chainIDs.map { .tree($0) })
        objects.formUnion(diffIDs.map { .layer($0) })
    }
}

extension Store {
    /// Removes layers, trees, documents and partial blobs that nobody needs.
    ///
    /// It may run at any time, also while layers are published. What stays: what an image in the catalogue is made of;
    /// the chains and layers given here; layers that somebody has open (`StoredLayer`) and blobs that are being fetched
    /// (`PartialBlob`); what was published or recorded within `StoreOptions.pruneGrace`; and whatever `isNeeded` claims.
    /// - Parameters:
    ///   - chainIDs: chains that are mounted or on their way; their trees stay, and the layers of those that the
    ///     catalogue knows.
    ///   - diffIDs: layers that are mounted or on their way.
    ///   - isNeeded: asked right before each removal.
    public func prune(
        keeping chainIDs: Set<Digest> = [], layers diffIDs: Set<Digest> = [],
        isNeeded: (StoreObject) -> Bool = { _ in false }
    ) throws(StoreError) -> PruneReport {
        var layersOfChains = diffIDs
        for chainID in chainIDs { layersOfChains.formUnion(try chain(chainID)?.layers.map(\.diffID) ?? []) }
        let needed = NeededObjects(images: try images().map(\.image), chainIDs: chainIDs, diffIDs: layersOfChains)
        var report = PruneReport()
        for object in try objects() {
            if needed.objects.contains(object) || isInUse(object) || isNeeded(object) { continue }
            let byteCount = try byteCount(of: object)
            try remove(object)
            report.add(object, byteCount: byteCount)
        }
        logger.info(
            "pruned",
            metadata: [
                "layers": "\(report.layers.count)", "trees": "\(report.trees.count)",
                "freedByteCount": "\(report.freedByteCount)",
            ])
        return report
    }

    private func isInUse(_ object: StoreObject) -> Bool {
        if recent.contains(path(of: object)) { return true }
        switch object {
        case .layer(let diffID): return openLayers[diffID] != nil
        case .partial(let digest): return openPartials.withLock { $0.contains(digest) }
        case .tree, .document: return false
        case .checkpoints, .catalogue: return true
        }
    }
}
