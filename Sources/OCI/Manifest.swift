/// The manifest of one image for one platform: its config and its layers, the lowest first.
/// See the OCI image specification, manifest.md.
public struct Manifest: Hashable, Sendable, Codable {
    public var schemaVersion = 2
    public var mediaType: String?
    public var config: Descriptor
    public var layers: [Descriptor]
    public var annotations: [String: String]?

    public init(
        mediaType: String? = MediaType.manifest, config: Descriptor, layers: [Descriptor],
        annotations: [String: String]? = nil
    ) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
        self.annotations = annotations
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
        mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType)
        config = try container.decode(Descriptor.self, forKey: .config)
        // Go writes an empty list as null.
        layers = try container.decodeIfPresent([Descriptor].self, forKey: .layers) ?? []
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    }
}

/// A list of manifests, usually one per platform; Docker's manifest list is the same.
/// See the OCI image specification, image-index.md.
public struct ImageIndex: Hashable, Sendable, Codable {
    public var schemaVersion = 2
    public var mediaType: String?
    public var manifests: [Descriptor]
    public var annotations: [String: String]?

    public init(
        mediaType: String? = MediaType.index, manifests: [Descriptor], annotations: [String: String]? = nil
    ) {
        self.mediaType = mediaType
        self.manifests = manifests
        self.annotations = annotations
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
        mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType)
        manifests = try container.decodeIfPresent([Descriptor].self, forKey: .manifests) ?? []
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    }
}
