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

    init(blob: Descriptor, image: String) {
        self.blob = blob
        self.image = image
        startedAtSeconds = Int64(Date.now.timeIntervalSince1970)
    }

    var fetchedByteCount: Int64 { fetched.load(ordering: .relaxed) }
    var unpackedByteCount: Int64 { unpacked.load(ordering: .relaxed) }

    func update(fetchedByteCount: Int64, unpackedByteCount: Int64) {
        fetched.store(fetchedByteCount, ordering: .relaxed)
        unpacked.store(unpackedByteCount, ordering: .relaxed)
    }

    var record: DownloadRecord {
        DownloadRecord(
            digest: blob.digest, image: image, fetchedByteCount: fetchedByteCount, byteCount: blob.size,
            unpackedByteCount: unpackedByteCount, startedAtSeconds: startedAtSeconds)
    }
}
