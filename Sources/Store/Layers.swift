import Glibc
import LayerIndex
import Logging
public import OCI

extension Store {
    /// The layer, opened; nil when it is not there.
    ///
    /// A layer that was written before a power failure and not synced is hashed again first, which takes its time; all
    /// others open in microseconds.
    public func layer(_ diffID: Digest) throws(StoreError) -> StoredLayer? {
        if let layer = openLayers[diffID] { return layer }
        let path = paths.layer(diffID)
        guard let seal = try seal(of: path, kind: .layer) else { return nil }
        if !isTrusted(seal) {
            guard try recheck(diffID) else { return nil }
        }
        // The directory can be removed at any moment: what is not there counts as no layer.
        guard let byteCount = seal.byteCount(of: LayerFile.data),
            let data = try PrivateFile.open(path + "/" + LayerFile.data, O_RDONLY)
        else { return nil }
        return openLayers.insert(
            StoredLayer(diffID: diffID, byteCount: byteCount, data: data, store: self))
    }

    /// Bytes of the layer's uncompressed archive and of all its files; nil when it is not there. Opens nothing.
    public func layerSize(_ diffID: Digest) throws(StoreError) -> (archiveByteCount: Int64, storedByteCount: Int64)? {
        guard case .sound(let seal) = try SealState.of(paths.layer(diffID), kind: .layer) else { return nil }
        return (seal.byteCount(of: LayerFile.data) ?? 0, seal.byteCount)
    }

    /// A place to unpack a layer into.
    public func stageLayer(_ diffID: Digest) throws(StoreError) -> LayerStaging {
        try LayerStaging(diffID: diffID, store: self)
    }

    /// The same, with what there is of the layer already.
    public func stageLayer(_ diffID: Digest, in partial: PartialBlob) -> LayerStaging {
        LayerStaging(diffID: diffID, partial: partial, store: self)
    }

    /// Takes the layer out of the store. Who has it open keeps it. Not being there is success.
    public func removeLayer(_ diffID: Digest) throws(StoreError) {
        openLayers.forget(diffID)
        try remove(paths.layer(diffID))
    }

    /// Takes the checkpoints away from a layer whose archive and index were just found to be right, and seals it without.
    func removeCheckpoints(_ diffID: Digest) throws(StoreError) {
        let path = paths.layer(diffID)
        try Directory.removeAll(path + "/" + LayerFile.checkpoints)
        if case .sound(let seal) = try SealState.of(path, kind: .layer) { try synchronize(path, seal: seal) }
    }

    /// Looks at every byte of a layer of which it is not known whether it reached the disk. Keeps it for good, without
    /// its checkpoints, or removes it and returns false.
    private func recheck(_ diffID: Digest) throws(StoreError) -> Bool {
        let path = paths.layer(diffID)
        if let problem = try LayerCheck.problem(of: diffID, at: path) {
            logger.warning(
                "removing a layer that did not survive", metadata: ["layer": "\(diffID)", "problem": "\(problem)"])
            try remove(path)
            return false
        }
        logger.info("layer has survived", metadata: ["layer": "\(diffID)"])
        // They may be cut off or zeros, which the store cannot judge.
        try removeCheckpoints(diffID)
        return true
    }
}
