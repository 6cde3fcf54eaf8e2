import Glibc
public import OCI
import Synchronization
public import SystemPackage

/// The bytes of a blob that arrived so far, kept so that a fetch that broke off can go on where it was.
///
/// Their digest can only be checked when all are there: nobody believes them before.
public final class PartialBlob: Sendable {
    public let digest: Digest
    private let store: Store
    private let file: PrivateFile
    private let count: Mutex<Int64>
    /// Of two at the same time the second starts from nothing and is not kept.
    private let isKept: Bool

    init(digest: Digest, store: Store) throws(StoreError) {
        self.digest = digest
        self.store = store
        isKept = store.openPartials.withLock { $0.insert(digest).inserted }
        let path = isKept ? store.paths.partial(digest) : store.newStagingPath()
        let opened: (file: PrivateFile, byteCount: Int64)
        do throws(StoreError) {
            guard let file = try PrivateFile.open(path, O_RDWR | O_CREAT | O_APPEND) else {
                throw StoreError.system("create \(path)", ENOENT)
            }
            opened = (file, try file.byteCount())
        } catch {
            if isKept { store.openPartials.withLock { _ = $0.remove(digest) } }
            throw error
        }
        file = opened.file
        count = Mutex(opened.byteCount)
    }

    deinit {
        if isKept {
            store.openPartials.withLock { _ = $0.remove(digest) }
        } else {
            unlink(file.path)
        }
    }

    /// For reading what is there with pread(2). Open as long as this object lives.
    public var descriptor: FileDescriptor { file.descriptor }

    /// How many bytes are there, from the blob's start.
    public var byteCount: Int64 { count.withLock { $0 } }

    /// Adds the bytes that come next in the blob. One caller at a time.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        try file.write(bytes)
        count.withLock { $0 += Int64(bytes.count) }
    }

    /// Throws away all bytes: they are part of something wrong. The blob can then be fetched from its start.
    public func reset() throws(StoreError) {
        guard ftruncate(file.descriptor.rawValue, 0) == 0 else { throw .system("truncate \(file.path)", errno) }
        count.withLock { $0 = 0 }
    }

    /// Removes the file: nothing will be resumed.
    public func remove() throws(StoreError) {
        guard unlink(file.path) == 0 || errno == ENOENT else { throw .system("remove \(file.path)", errno) }
    }
}

extension Store {
    /// What is there of a blob, opened for more; empty when there is nothing. Of the others, the oldest are removed
    /// when all together are over their limit.
    public func partialBlob(_ digest: Digest) throws(StoreError) -> PartialBlob {
        let partial = try PartialBlob(digest: digest, store: self)
        try PartialBudget(paths: paths).enforce(
            options.maximumPartialByteCount, isOpen: { digest in openPartials.withLock { $0.contains(digest) } },
            logger: logger)
        return partial
    }

    /// Removes what is there of a blob, unless it is being fetched.
    func removePartial(_ digest: Digest) throws(StoreError) {
        guard !openPartials.withLock({ $0.contains(digest) }) else { return }
        try Directory.removeAll(paths.partial(digest))
    }
}
