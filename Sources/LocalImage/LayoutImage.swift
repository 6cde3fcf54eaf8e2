public import Content
import FoundationEssentials
public import OCI
public import SystemPackage

/// An image in a directory in the OCI image layout, `oci:PATH[:TAG]`.
///
/// Paths below the directory come from digests alone, and no symbolic link there is followed.
/// See the OCI image specification, image-layout.md.
public final class LayoutImage: ImageSource {
    public let name: String
    private let blobs: OpenDirectory
    private let limits: ImageLimits
    private let rootDocument: Document

    /// - Parameter tag: the `org.opencontainers.image.ref.name` of the image; nil when the layout has only one.
    public init(path: FilePath, tag: String?, limits: ImageLimits = ImageLimits()) throws(LocalImageError) {
        name = Source.layout(path: path.string, tag: tag).description
        self.limits = limits
        let directory = try OpenDirectory(path: path)
        try Self.checkMarker(in: directory)
        blobs = try OpenDirectory(component: "sha256", in: OpenDirectory(component: "blobs", in: directory))

        let bytes = try FileRegion(of: OpenFile(component: "index.json", in: directory))
            .bytes(maximumByteCount: limits.maximumManifestByteCount, "index.json")
        let document = Document(bytes: bytes, mediaType: MediaType.index)
        let index = try LocalImageError.naming(path.string) { () throws(ImageError) in try ImageDocument(document) }
        guard case .index(let index) = index else {
            throw LocalImageError(.invalid, "\(path)/index.json is a manifest, not an index")
        }
        let layout = LayoutIndex(index)
        switch layout.choice(tag: tag) {
        case .one(let descriptor):
            rootDocument = try Blobs(name: name, directory: blobs)
                .document(descriptor, maximumByteCount: limits.maximumManifestByteCount)
        case .platforms(let descriptors):
            rootDocument = try Document(indexOf: descriptors)
        case .none where tag == nil:
            throw LocalImageError(.notFound, "\(path) has no images")
        case .none:
            throw LocalImageError(
                .notFound, "\(path) has no image with the tag \(quoted(tag ?? "")); \(Self.offer(layout.names))")
        case .ambiguous:
            throw LocalImageError(
                .usage, "\(path) has several images; write oci:\(path):TAG; \(Self.offer(layout.names))")
        }
    }

    private static func checkMarker(in directory: OpenDirectory) throws(LocalImageError) {
        let file: OpenFile
        do {
            file = try OpenFile(component: LayoutMarker.fileName, in: directory)
        } catch {
            guard error.kind == .notFound else { throw error }
            throw LocalImageError(.invalid, "\(directory.name) is not an OCI layout: it has no file oci-layout")
        }
        let bytes = try FileRegion(of: file).bytes(maximumByteCount: LayoutMarker.maximumByteCount, "oci-layout")
        if let problem = LayoutMarker.problem(with: bytes) {
            throw LocalImageError(.unsupported, "\(directory.name) is not an OCI layout that imgfs reads: \(problem)")
        }
    }

    private static func offer(_ names: [String]) -> String {
        names.isEmpty ? "its images have no tags" : "there is \(LocalImageError.list(names))"
    }

    public func root() throws -> Document { rootDocument }

    public func manifest(_ descriptor: Descriptor) throws -> Document {
        try regions.document(descriptor, maximumByteCount: limits.maximumManifestByteCount)
    }

    public func config(_ descriptor: Descriptor) throws -> [UInt8] {
        try regions.document(descriptor, maximumByteCount: limits.maximumConfigByteCount).bytes
    }

    public func stream(
        _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try regions.region(of: blob).stream(from: offset, into: sink)
    }

    private var regions: Blobs { Blobs(name: name, directory: blobs) }

    /// `blobs/sha256`
    private struct Blobs: BlobRegions {
        let name: String
        let directory: OpenDirectory

        func region(of digest: Digest) throws(LocalImageError) -> FileRegion {
            try FileRegion(of: OpenFile(component: digest.hex, in: directory))
        }
    }
}

extension Document {
    /// An index of manifests for several platforms that no document lists alone.
    init(indexOf descriptors: [Descriptor]) throws(LocalImageError) {
        try self.init(encoding: ImageIndex(manifests: descriptors), mediaType: MediaType.index)
    }

    /// A document that is made up; the same value gives the same bytes.
    init(encoding value: some Encodable, mediaType: String) throws(LocalImageError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            self.init(bytes: Array(try encoder.encode(value)), mediaType: mediaType)
        } catch {
            throw LocalImageError(.fault, "a document cannot be written as JSON: \(error)")
        }
    }
}

extension LocalImageError {
    static func naming<Result>(
        _ path: String, _ body: () throws(ImageError) -> Result
    ) throws(LocalImageError) -> Result {
        do {
            return try body()
        } catch {
            throw LocalImageError(error.kind, "\(path): \(error)")
        }
    }

    /// Names of images for a message, not endlessly many.
    static func list(_ names: [String]) -> String {
        let maximumCount = 20
        return names.prefix(maximumCount).map { quoted($0) }.joined(separator: ", ")
            + (names.count > maximumCount ? ", …" : "")
    }
}
