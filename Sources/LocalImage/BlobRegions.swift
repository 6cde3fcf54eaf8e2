import Content
import OCI

/// Blobs that are regions of local files, found by digest.
protocol BlobRegions: Sendable {
    /// For messages, the source as a person wrote it.
    var name: String { get }

    /// An error of kind `notFound` when there is no such blob.
    func region(of digest: Digest) throws(LocalImageError) -> FileRegion
}

extension BlobRegions {
    /// The region, whose size is that of the descriptor.
    func region(of blob: Descriptor) throws(LocalImageError) -> FileRegion {
        let region = try region(of: blob.digest)
        guard region.byteCount == blob.size else {
            throw LocalImageError(
                .invalid, "\(name): blob \(blob.digest) has \(region.byteCount) bytes instead of \(blob.size)")
        }
        return region
    }

    /// The index or manifest, verified.
    func document(_ descriptor: Descriptor, maximumByteCount: Int) throws(LocalImageError) -> Document {
        let bytes = try region(of: descriptor).bytes(
            maximumByteCount: maximumByteCount, "document \(descriptor.digest)")
        let document = Document(bytes: bytes, mediaType: descriptor.mediaType)
        guard document.digest == descriptor.digest else {
            throw LocalImageError(
                .invalid, "\(name): blob \(descriptor.digest) has other content, with the digest \(document.digest)")
        }
        return document
    }
}
