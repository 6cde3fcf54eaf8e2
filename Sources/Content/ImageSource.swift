public import OCI

/// Where the bytes of a blob come from: a registry, an OCI layout, an archive.
public protocol BlobSource: Sendable {
    /// Streams the bytes of `blob` from `offset` to its end into `sink`, in order, each byte exactly once.
    ///
    /// Blocks the calling thread. A source that can lose its connection retries and resumes by itself: the sink sees
    /// no seam. Bytes are not verified here; a source stops with an error when it is given more than `blob.size` bytes
    /// or fewer. An error of the sink ends the stream and is thrown on unchanged.
    func stream(
        _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws
}

/// An image somewhere: enough to resolve it and to read its blobs. All calls block.
public protocol ImageSource: BlobSource {
    /// What a person calls this source, for messages. Holds no secrets.
    var name: String { get }

    /// The index or manifest that the source names. Where the name has a digest, the bytes match it.
    func root() throws -> Document

    /// The index or manifest with this digest and size; its bytes match both.
    func manifest(_ descriptor: Descriptor) throws -> Document

    /// The config with this digest and size; its bytes match both.
    func config(_ descriptor: Descriptor) throws -> [UInt8]
}
