public import Content
public import OCI
public import SystemPackage

/// An image in an archive of `docker save`, `podman save` or skopeo, `docker-archive:FILE[:REFERENCE]`.
///
/// From version 25 on Docker writes an OCI layout, with the old `manifest.json` beside it. Older archives have no OCI
/// manifest: one is made up, whose layers are the files as they are.
public final class DockerArchiveImage: ImageSource {
    public let name: String
    private let contents: ArchiveContents
    private let limits: ImageLimits

    /// Reads the headers of the archive once. Also hashes those layers that are compressed and whose digest nothing
    /// says, which old archives do not have.
    ///
    /// - Parameter reference: one of the image's tags; nil when there is only one image.
    public init(
        path: FilePath, reference: String?, limits: ImageLimits = ImageLimits()
    ) throws(LocalImageError) {
        let wanted = try reference.map(Self.parse)
        name = Source.dockerArchive(path: path.string, reference: wanted).description
        self.limits = limits
        let file = try OpenFile(path: path)
        try Self.checkIsNotCompressed(file)
        let archive = Archive(file: file, index: try ArchiveIndex(reading: file))
        if let root = try archive.layoutRoot(wanted, limits: limits) {
            contents = ArchiveContents(name: name, archive: archive, root: root, madeUp: [:])
        } else {
            contents = try archive.madeUpContents(wanted, name: name, limits: limits)
        }
    }

    private static func parse(_ reference: String) throws(LocalImageError) -> Reference {
        do {
            return try Reference(parsing: reference)
        } catch {
            throw LocalImageError(error.kind, error.description)
        }
    }

    private static func checkIsNotCompressed(_ file: OpenFile) throws(LocalImageError) {
        if let compression = try FileRegion(of: file).compression() {
            throw LocalImageError(
                .unsupported, "\(file.name) is compressed with \(compression); uncompress the archive first")
        }
    }

    public func root() throws -> Document { contents.root }

    public func manifest(_ descriptor: Descriptor) throws -> Document {
        try contents.document(descriptor, maximumByteCount: limits.maximumManifestByteCount)
    }

    public func config(_ descriptor: Descriptor) throws -> [UInt8] {
        try contents.document(descriptor, maximumByteCount: limits.maximumConfigByteCount).bytes
    }

    public func stream(
        _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try contents.region(of: blob).stream(from: offset, into: sink)
    }
}

/// An archive and where things are in it.
struct Archive: Sendable {
    let file: OpenFile
    let index: ArchiveIndex

    func region(_ path: String) -> FileRegion? { index.region(path, in: file) }
}

/// The image in the archive: its root, and where its blobs are.
struct ArchiveContents: BlobRegions {
    let name: String
    let archive: Archive
    let root: Document
    /// Blobs of old archives, whose paths are not their digests.
    let madeUp: [Digest: FileRegion]

    func region(of digest: Digest) throws(LocalImageError) -> FileRegion {
        if let region = madeUp[digest] ?? archive.region("blobs/sha256/" + digest.hex) { return region }
        throw LocalImageError(.notFound, "\(name): the archive has no blob \(digest)")
    }
}
