import Glibc
import Logging
public import OCI
import Synchronization
public import SystemPackage

/// A layer on its way into the store. Nobody sees it before `publish`; it goes when it is let go without that, unless it
/// is a partial blob's.
public final class LayerStaging: Sendable {
    private enum State { case open, published, discarded }

    public let diffID: Digest
    private let store: Store
    private let path: String
    private let dataFile: PrivateFile
    private let partial: PartialBlob?
    private let state = Mutex(State.open)

    init(diffID: Digest, store: Store) throws(StoreError) {
        self.diffID = diffID
        self.store = store
        partial = nil
        path = store.newStagingPath()
        try Directory.make(path)
        dataFile = try PrivateFile.create(path + "/" + LayerFile.data)
    }

    /// The layer of a blob whose archive is in `partial` as far as it is unpacked. Before it is published it can be let go
    /// and staged anew.
    init(diffID: Digest, partial: PartialBlob, store: Store) {
        self.diffID = diffID
        self.store = store
        self.partial = partial
        path = partial.path
        dataFile = partial.archiveFile
    }

    deinit {
        if partial == nil { discard() }
    }

    /// The file for the uncompressed archive, for reading and writing: empty and at position 0, but for what a partial
    /// blob holds. Open as long as this object lives.
    public var data: FileDescriptor { dataFile.descriptor }

    /// Makes the layer visible under its diffID. The caller has verified that `data` has that digest.
    ///
    /// That the layer is there already is success. After an error nothing is left of the layer.
    public func publish(index: [UInt8], checkpoints: [UInt8]?) throws(StoreError) {
        let isOpen = state.withLock { state in
            defer { if state == .open { state = .published } }
            return state == .open
        }
        precondition(isOpen, "a layer is published once, and not after it was discarded")
        do throws(StoreError) {
            try partial?.removeRemains()
            var files = [Seal.File(name: LayerFile.data, byteCount: try dataFile.byteCount())]
            files.append(try write(index, as: LayerFile.index))
            if let checkpoints { files.append(try write(checkpoints, as: LayerFile.checkpoints)) }
            try store.publish(path, as: store.paths.layer(diffID), kind: .layer, files: files)
        } catch {
            state.withLock { $0 = .open }
            discard()
            throw error
        }
    }

    /// Removes everything; does nothing after `publish`.
    public func discard() {
        let isOpen = state.withLock { state in
            defer { if state == .open { state = .discarded } }
            return state == .open
        }
        guard isOpen else { return }
        do throws(StoreError) {
            try Directory.removeAll(path)
        } catch {
            // The next start sweeps it.
            store.logger.warning("cannot clean up", metadata: ["path": "\(path)", "error": "\(error)"])
        }
    }

    private func write(_ bytes: [UInt8], as name: String) throws(StoreError) -> Seal.File {
        try PrivateFile.write(bytes, to: path + "/" + name)
        return Seal.File(name: name, byteCount: Int64(bytes.count))
    }
}
