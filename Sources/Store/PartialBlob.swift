import Glibc
import Logging
public import OCI
import Synchronization
public import SystemPackage

/// What there is of a blob and of the archive that it inflates to, so that a fetch that broke off can go on where it was.
///
/// Whoever unpacks the blob decides what to keep: the archive as far as it is unpacked, with notes of where that can be
/// taken up, or the blob's own bytes. Digests can only be checked when everything is there: nobody believes anything of
/// it before.
///
/// One thread at a time for each of the three: the archive, the notes, the blob's bytes.
public final class PartialBlob: Sendable {
    public let digest: Digest
    /// A directory. `Store.stageLayer` makes it the layer.
    let path: String
    private let store: Store
    let archiveFile: PrivateFile
    private let blob: GrowingFile
    private let notesFile: GrowingFile
    /// Of two at the same time the second starts from nothing and is not kept.
    private let isKept: Bool

    /// More notes than this are damage.
    static let maximumNotesByteCount = 64 << 20

    init(digest: Digest, store: Store) throws(StoreError) {
        self.digest = digest
        self.store = store
        isKept = store.openPartials.withLock { $0.insert(digest).inserted }
        path = isKept ? store.paths.partial(digest) : store.newStagingPath()
        blob = GrowingFile(path: path + "/" + PartialFile.blob)
        notesFile = GrowingFile(path: path + "/" + PartialFile.notes)
        do throws(StoreError) {
            if !Self.isResumable(path) { try Directory.removeAll(path) }
            try Directory.make(path)
            guard let file = try PrivateFile.open(path + "/" + LayerFile.data, O_RDWR | O_CREAT) else {
                throw StoreError.system("create \(path)", ENOENT)
            }
            archiveFile = file
        } catch {
            Self.letGo(of: digest, at: path, isKept: isKept, store)
            throw error
        }
    }

    deinit { Self.letGo(of: digest, at: path, isKept: isKept, store) }

    private static func letGo(of digest: Digest, at path: String, isKept: Bool, _ store: Store) {
        if isKept {
            store.openPartials.withLock { _ = $0.remove(digest) }
        } else {
            // That it fails does not matter: the next start sweeps it.
            try? Directory.removeAll(path)
        }
    }

    /// The archive, as far as it is unpacked. Open as long as this object lives.
    public var archive: FileDescriptor { archiveFile.descriptor }

    /// Bytes of the blob, from its start, that were kept.
    public func keptByteCount() throws(StoreError) -> Int64 { try blob.byteCount() }

    /// Keeps the bytes that come next in the blob.
    public func keep(_ bytes: UnsafeRawBufferPointer) throws(StoreError) { try blob.append(bytes) }

    /// Reads bytes of the blob that were kept, from `offset` on. Returns how many there were.
    public func readKept(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(StoreError) -> Int { try blob.read(into: buffer, at: offset) }

    /// Adds to the notes.
    public func note(_ bytes: [UInt8]) throws(StoreError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) in
            try notesFile.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// All notes, in order.
    public func notes() throws(StoreError) -> [UInt8] {
        try PrivateFile.read(notesFile.path, limit: Self.maximumNotesByteCount) ?? []
    }

    /// Takes the archive back to its first `archiveByteCount` bytes, the notes to their first `notesByteCount`: what came
    /// after them comes again.
    public func rewind(archiveByteCount: Int64, notesByteCount: Int) throws(StoreError) {
        // Not for nothing: a file that was cut to 0 bytes is written to the disk by ext4 when it is closed.
        let isCut = try archiveFile.byteCount() != archiveByteCount
        guard !isCut || ftruncate(archive.rawValue, off_t(archiveByteCount)) == 0,
            lseek(archive.rawValue, off_t(archiveByteCount), SEEK_SET) >= 0
        else { throw .system("truncate \(archiveFile.path)", errno) }
        try notesFile.truncate(Int64(notesByteCount))
    }

    /// Throws everything away: part of it is wrong, or cannot be read. The blob can then be fetched from its start.
    public func reset() throws(StoreError) {
        try removeRemains()
        try rewind(archiveByteCount: 0, notesByteCount: 0)
    }

    /// Removes everything: nothing will be resumed.
    public func remove() throws(StoreError) { try Directory.removeAll(path) }

    /// Whether the directory at `path` holds something with which a fetch can go on.
    static func isResumable(_ path: String) -> Bool {
        [PartialFile.blob, PartialFile.notes].contains { access(path + "/" + $0, F_OK) == 0 }
    }

    /// Removes what only an unfinished layer needs.
    func removeRemains() throws(StoreError) {
        try notesFile.remove()
        try blob.remove()
    }
}

/// Names of a partial blob's files; the archive is `LayerFile.data`.
private enum PartialFile {
    static let blob = "blob"
    static let notes = "notes"
}

extension Store {
    /// What is there of a blob, opened for more; empty when there is nothing. Of the others, the oldest are removed
    /// when all together are over their limit.
    public func partialBlob(_ digest: Digest) throws(StoreError) -> PartialBlob {
        let partial = try PartialBlob(digest: digest, store: self)
        do throws(StoreError) {
            try PartialBudget(paths: paths).enforce(options.maximumPartialByteCount, logger: logger) {
                (digest) throws(StoreError) in try removePartial(digest)
            }
        } catch {
            logger.warning("cannot remove parts of blobs that are over the limit", metadata: ["error": "\(error)"])
        }
        return partial
    }

    /// Removes what is there of a blob, unless it is being fetched.
    func removePartial(_ digest: Digest) throws(StoreError) {
        // Under the lock that a fetch takes to claim it: from then on the name is the fetch's.
        let grave = try openPartials.withLock { (open) throws(StoreError) -> String? in
            open.contains(digest) ? nil : try bury(paths.partial(digest))
        }
        if let grave { try Directory.removeAll(grave) }
    }
}
