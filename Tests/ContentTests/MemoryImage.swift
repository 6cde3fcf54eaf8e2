import FoundationEssentials
import Synchronization

@testable import Content
@testable import OCI

/// An image source whose documents are in memory.
final class MemoryImage: ImageSource {
    let name = "test.example/image:1"
    private let rootBytes: [UInt8]
    private let contents: [Digest: [UInt8]]
    private let asked = Mutex<[Digest]>([])

    init(root: [UInt8], contents: [[UInt8]] = []) {
        rootBytes = root
        self.contents = Dictionary(
            contents.map { (SHA256.digest(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The digests that were asked for, in order.
    var requests: [Digest] { asked.withLock { $0 } }

    func root() throws -> Document { Document(bytes: rootBytes, mediaType: "text/plain") }

    func manifest(_ descriptor: Descriptor) throws -> Document {
        Document(bytes: try content(descriptor), mediaType: "")
    }

    func config(_ descriptor: Descriptor) throws -> [UInt8] { try content(descriptor) }

    func stream(_ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        throw Missing(digest: blob.digest)
    }

    private func content(_ descriptor: Descriptor) throws -> [UInt8] {
        asked.withLock { $0.append(descriptor.digest) }
        guard let bytes = contents[descriptor.digest] else { throw Missing(digest: descriptor.digest) }
        return bytes
    }

    struct Missing: Error, Equatable { let digest: Digest }
}

/// Pieces of images.
enum Sample {
    static func digest(_ text: String) -> Digest { SHA256.digest(of: Array(text.utf8)) }

    static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }

    static func layer(_ text: String, mediaType: String = MediaType.layerGzip, size: Int64 = 100) -> Descriptor {
        Descriptor(mediaType: mediaType, digest: digest("blob " + text), size: size)
    }

    static func config(_ layers: [String], platform: String = "linux/amd64") throws -> [UInt8] {
        try encode(
            ImageConfig(platform: Platform(parsing: platform), diffIDs: layers.map { digest("diff " + $0) }))
    }

    static func descriptor(
        of bytes: [UInt8], _ mediaType: String, platform: String? = nil, annotations: [String: String]? = nil
    ) -> Descriptor {
        let parts = platform?.split(separator: "/").map(String.init)
        return Descriptor(
            mediaType: mediaType, digest: SHA256.digest(of: bytes), size: Int64(bytes.count),
            platform: parts.map { Platform(os: $0[0], architecture: $0[1], variant: $0.count > 2 ? $0[2] : nil) },
            annotations: annotations)
    }

    static func manifest(config: [UInt8], layers: [Descriptor]) throws -> [UInt8] {
        try encode(Manifest(config: descriptor(of: config, MediaType.config), layers: layers))
    }

    static func index(_ manifests: [Descriptor]) throws -> [UInt8] { try encode(ImageIndex(manifests: manifests)) }
}
