import Content
import OCI
import Store

/// A source whose manifests and configs are taken from the store where they are there: a digest never changes its meaning.
struct KnownDocuments: ImageSource {
    private let source: any ImageSource
    private let store: Store

    init(of source: any ImageSource, in store: Store) {
        self.source = source
        self.store = store
    }

    var name: String { source.name }

    func root() throws -> Document { try source.root() }

    func manifest(_ descriptor: Descriptor) throws -> Document {
        guard let bytes = try store.document(descriptor.digest) else { return try source.manifest(descriptor) }
        return Document(bytes: bytes, mediaType: descriptor.mediaType)
    }

    func config(_ descriptor: Descriptor) throws -> [UInt8] {
        try store.document(descriptor.digest) ?? source.config(descriptor)
    }

    func stream(
        _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try source.stream(blob, from: offset, into: sink)
    }
}
