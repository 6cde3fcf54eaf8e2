import Control
import OCI
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#endif

/// A layer that is being fetched and unpacked right now, for progress bars and `imgfs status`.
final class LayerTransfer: Sendable {
    let blob: Descriptor
    let image: String
    let startedAtSeconds: Int64
    private let fetched = Atomic<Int64>(0)
    private let unpacked = Atomic<Int64>(0)
    private let retries = Mutex<(count: Int, failure: String?)>((0, nil))

    init(blob: Descriptor, image: String) {
        self.blob = blob
        self.image = image
        startedAtSeconds = Int64(Date.now.timeIntervalSince1970)
    }

    var fetchedByteCount: Int64 { fetched.load(ordering: .relaxed) }
    var unpackedByteCount: Int64 { unpacked.load(ordering: .relaxed) }

    /// Returns by how much more is unpacked than before.
    @discardableResult
    func update(fetchedByteCount: Int64, unpackedByteCount: Int64) -> Int64 {
        fetched.store(fetchedByteCount, ordering: .relaxed)
        return unpackedByteCount - unpacked.exchange(unpackedByteCount, ordering: .relaxed)
    }

    /// An attempt failed, and another follows.
    func retried(_ failure: String) { retries.withLock { $0 = ($0.count + 1, failure) } }

    /// Attempts that were followed by another, and why the last of them failed.
    var retried: (count: Int, failure: String?) { retries.withLock { $0 } }

    var record: DownloadRecord {
        DownloadRecord(
            digest: blob.digest, image: image, fetchedByteCount: fetchedByteCount, byteCount: blob.size,
            unpackedByteCount: unpackedByteCount, startedAtSeconds: startedAtSeconds)
    }
}
