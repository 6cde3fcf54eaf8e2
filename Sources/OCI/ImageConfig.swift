/// The config of an image: what it runs on, its diffIDs, and how to run it.
///
/// Strict about `rootfs`, which decides what is mounted; everything else is for people and runtimes, and a member of
/// the wrong type reads as absent.
/// See the OCI image specification, config.md.
public struct ImageConfig: Hashable, Sendable, Codable {
    public var architecture: String?
    public var os: String?
    public var variant: String?
    /// RFC 3339, as it stands in the document.
    public var created: String?
    public var author: String?
    public var rootfs: RootFS
    public var config: Execution?
    public var history: [History]?

    /// The uncompressed layers, the lowest first.
    public struct RootFS: Hashable, Sendable, Codable {
        public var type: String
        public var diffIDs: [Digest]

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }

        public init(diffIDs: [Digest]) {
            type = "layers"
            self.diffIDs = diffIDs
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decodeIfPresent(String.self, forKey: .type) ?? "layers"
            guard type == "layers" else {
                throw DecodingError.dataCorruptedError(
                    forKey: .type, in: container, debugDescription: "\(quoted(type)) is not known, only 'layers' is")
            }
            diffIDs = try container.decodeIfPresent([Digest].self, forKey: .diffIDs) ?? []
        }
    }

    enum CodingKeys: String, CodingKey {
        case architecture, os, variant, created, author, rootfs, config, history
    }

    public init(platform: Platform, diffIDs: [Digest]) {
        architecture = platform.architecture
        os = platform.os
        variant = platform.variant
        rootfs = RootFS(diffIDs: diffIDs)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        architecture = container.lenient(String.self, .architecture)
        os = container.lenient(String.self, .os)
        variant = container.lenient(String.self, .variant)
        created = container.lenient(String.self, .created)
        author = container.lenient(String.self, .author)
        rootfs = try container.decode(RootFS.self, forKey: .rootfs)
        config = container.lenient(Execution.self, .config)
        history = container.lenient([History].self, .history)
    }

    /// Reads the bytes of a config; `mediaType` is the one in the manifest, for messages.
    public init(_ document: Document) throws(ImageError) {
        let subject = "config \(document.digest)"
        let shape = try decode(ConfigShape.self, from: document.bytes, of: subject)
        guard shape.hasRootFS else {
            let type = document.mediaType.isEmpty ? "an unknown type" : quoted(document.mediaType)
            throw ImageError(.unsupported, "\(subject) of \(type) has no rootfs: this is not a container image")
        }
        self = try decode(ImageConfig.self, from: document.bytes, of: subject)
    }

    /// The normal form; an operating system or architecture that the config lacks is Linux and `unknown`.
    public var platform: Platform {
        Platform(
            os: os.flatMap { $0.isEmpty ? nil : $0 } ?? "linux",
            architecture: architecture.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown", variant: variant
        ).normalized
    }
}

private struct ConfigShape: Decodable {
    let hasRootFS: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: ImageConfig.CodingKeys.self)
        hasRootFS = try container.contains(.rootfs) && !container.decodeNil(forKey: .rootfs)
    }
}
