import Glibc
public import LayerIndex
import Logging
public import OCI
import Synchronization
public import SystemPackage

/// An unpacked layer, open. Stays readable as long as it is held, also when it is removed from the store meanwhile.
public final class StoredLayer: Sendable {
    public let diffID: Digest
    /// Bytes of the uncompressed archive.
    public let byteCount: Int64
    private let dataFile: PrivateFile
    private let store: Store

    init(diffID: Digest, byteCount: Int64, data: PrivateFile, store: Store) {
        self.diffID = diffID
        self.byteCount = byteCount
        dataFile = data
        self.store = store
    }

    /// The uncompressed archive, for pread(2). Closed when the layer is let go.
    public var data: FileDescriptor { dataFile.descriptor }

    /// Reads and checks the whole index. A damaged one is removed with its layer: the next `Store.layer` returns nil. nil
    /// also when somebody has removed the layer: it is then to be looked for, or fetched, again.
    public func index() throws(StoreError) -> LayerIndex? {
        guard let file = try LoadedFile.open(store.paths.layer(diffID) + "/" + LayerFile.index) else {
            store.openLayers.forget(diffID)
            return nil
        }
        do {
            return try LayerIndex(file, diffID: diffID)
        } catch {
            store.logger.error(
                "removing a damaged layer, to be fetched again",
                metadata: ["layer": "\(diffID)", "problem": "\(error.description)"])
            try store.removeLayer(diffID)
            return nil
        }
    }

    /// The checkpoints that were made while the blob was inflated; nil when there are none.
    public func checkpoints() throws(StoreError) -> LoadedFile? {
        try LoadedFile.open(store.paths.layer(diffID) + "/" + LayerFile.checkpoints)
    }
}

/// Names of the files of a layer.
enum LayerFile {
    static let data = "data"
    static let index = "index"
    static let checkpoints = "checkpoints"
}

/// All layers that are open: however many images share one, it has one descriptor.
final class OpenLayers: Sendable {
    private struct Entry {
        weak var layer: StoredLayer?
    }

    private let entries = Mutex<[Digest: Entry]>([:])

    subscript(_ diffID: Digest) -> StoredLayer? {
        entries.withLock { $0[diffID]?.layer }
    }

    /// Returns the layer that everybody uses: `layer`, or one that somebody else opened first.
    func insert(_ layer: StoredLayer) -> StoredLayer {
        entries.withLock { entries in
            if let present = entries[layer.diffID]?.layer { return present }
            if entries.count >= 256 { entries = entries.filter { $0.value.layer != nil } }
            entries[layer.diffID] = Entry(layer: layer)
            return layer
        }
    }

    /// Who asks for the layer from now on gets what is on disk.
    func forget(_ diffID: Digest) {
        entries.withLock { _ = $0.removeValue(forKey: diffID) }
    }
}

extension LoadedFile {
    /// Reads the file at `path`; nil when it is not there.
    static func open(_ path: String) throws(StoreError) -> LoadedFile? {
        guard let file = try PrivateFile.open(path, O_RDONLY) else { return nil }
        do {
            return try LoadedFile(
                descriptor: file.descriptor, name: path, scratch: FilePath(path).removingLastComponent())
        } catch {
            throw .system("read \(path)", error.code.rawValue)
        }
    }
}
