import Glibc
public import OCI

/// Something in the store that has a name of its own.
public enum StoreObject: Sendable, Hashable, CustomStringConvertible {
    /// By diffID.
    case layer(Digest)
    /// Of a layer, by diffID: a file beside its archive, which is whole without.
    case checkpoints(Digest)
    /// By chainID.
    case tree(Digest)
    /// An index, a manifest or a config.
    case document(Digest)
    /// What there is of a blob that is not unpacked yet.
    case partial(Digest)
    case catalogue

    public var description: String {
        switch self {
        case .layer(let digest): "layer \(digest)"
        case .checkpoints(let digest): "checkpoints of layer \(digest)"
        case .tree(let digest): "tree \(digest)"
        case .document(let digest): "document \(digest)"
        case .partial(let digest): "partial blob \(digest)"
        case .catalogue: "catalogue"
        }
    }
}

extension Store {
    /// Layers, trees, documents and partial blobs, by what their names say.
    func objects() throws(StoreError) -> [StoreObject] {
        func digests(_ names: [String]) -> [Digest] { names.sorted().compactMap { Digest(hex: $0) } }
        let blobs = try Directory.entries(of: paths.blobs)
        let suffix = StorePaths.partialSuffix
        let partials = blobs.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
        var objects = digests(try Directory.entries(of: paths.layers)).map(StoreObject.layer)
        objects += digests(try Directory.entries(of: paths.trees)).map(StoreObject.tree)
        objects += digests(blobs).map(StoreObject.document)
        objects += digests(partials).map(StoreObject.partial)
        return objects
    }

    func path(of object: StoreObject) -> String {
        switch object {
        case .layer(let digest): paths.layer(digest)
        case .checkpoints(let digest): paths.layer(digest) + "/" + LayerFile.checkpoints
        case .tree(let digest): paths.tree(digest)
        case .document(let digest): paths.document(digest)
        case .partial(let digest): paths.partial(digest)
        case .catalogue: paths.catalogue
        }
    }

    /// Bytes that an object takes; 0 when it is not there.
    func byteCount(of object: StoreObject) throws(StoreError) -> Int64 {
        let path = path(of: object)
        switch object {
        case .layer:
            if case .sound(let seal) = try SealState.of(path, kind: .layer) { return seal.byteCount }
        case .checkpoints: break  // counted with their layer
        case .tree:
            if case .sound(let seal) = try SealState.of(path, kind: .tree) { return seal.byteCount }
        case .partial: return try Directory.byteCount(ofFilesIn: path)
        case .document, .catalogue:
            var status = stat()
            if lstat(path, &status) == 0 { return Int64(status.st_size) }
            guard errno == ENOENT else { throw .system("stat \(path)", errno) }
        }
        return 0
    }

    func remove(_ object: StoreObject) throws(StoreError) {
        switch object {
        case .layer(let diffID): try removeLayer(diffID)
        case .checkpoints(let diffID): try removeCheckpoints(diffID)
        case .partial(let digest): try removePartial(digest)
        case .tree, .document: try remove(path(of: object))
        case .catalogue: try catalogue.renew(because: "found by a check")
        }
    }
}
