public import OCI

/// One layer of an image.
public struct LayerSummary: Sendable, Hashable, Codable {
    /// Of the blob.
    public var digest: Digest
    public var mediaType: String
    /// Bytes of the blob.
    public var byteCount: Int64
    public var diffID: Digest
    /// Of the image up to and with this layer: `chain:<this>` can be mounted.
    public var chainID: Digest
    /// Bytes of the uncompressed archive; nil while the layer is not stored.
    public var unpackedByteCount: Int64?

    public init(
        digest: Digest, mediaType: String, byteCount: Int64, diffID: Digest, chainID: Digest,
        unpackedByteCount: Int64? = nil
    ) {
        self.digest = digest
        self.mediaType = mediaType
        self.byteCount = byteCount
        self.diffID = diffID
        self.chainID = chainID
        self.unpackedByteCount = unpackedByteCount
    }
}

/// A resolved image.
public struct ImageSummary: Sendable, Hashable, Codable {
    /// The canonical name.
    public var name: String
    /// `os/architecture[/variant]`
    public var platform: String
    /// Of the index or manifest that the name led to.
    public var rootDigest: Digest
    public var manifestDigest: Digest
    public var configDigest: Digest
    public var chainID: Digest
    /// The lowest first.
    public var layers: [LayerSummary]

    public init(
        name: String, platform: String, rootDigest: Digest, manifestDigest: Digest, configDigest: Digest,
        chainID: Digest, layers: [LayerSummary]
    ) {
        self.name = name
        self.platform = platform
        self.rootDigest = rootDigest
        self.manifestDigest = manifestDigest
        self.configDigest = configDigest
        self.chainID = chainID
        self.layers = layers
    }
}

/// `imgfs inspect`: the image and its config as the registry has it.
public struct ImageInspection: Sendable, Hashable, Codable {
    public var image: ImageSummary
    public var config: JSONValue

    public init(image: ImageSummary, config: JSONValue) {
        self.image = image
        self.config = config
    }
}

/// A stored image.
public struct ImageRecord: Sendable, Hashable, Codable {
    public var name: String
    /// The shortest form of the name, for people.
    public var familiarName: String
    public var platform: String
    public var rootDigest: Digest
    public var manifestDigest: Digest
    public var chainID: Digest
    public var layerCount: Int
    /// How many of the layers are unpacked here.
    public var storedLayerCount: Int
    /// Bytes of all blobs.
    public var byteCount: Int64
    /// Bytes that the unpacked layers take; layers shared between images count for each of them.
    public var storedByteCount: Int64
    /// Seconds since 1970 when the name was resolved last.
    public var resolvedAtSeconds: Int64

    public init(
        name: String, familiarName: String, platform: String, rootDigest: Digest, manifestDigest: Digest,
        chainID: Digest, layerCount: Int, storedLayerCount: Int, byteCount: Int64, storedByteCount: Int64,
        resolvedAtSeconds: Int64
    ) {
        self.name = name
        self.familiarName = familiarName
        self.platform = platform
        self.rootDigest = rootDigest
        self.manifestDigest = manifestDigest
        self.chainID = chainID
        self.layerCount = layerCount
        self.storedLayerCount = storedLayerCount
        self.byteCount = byteCount
        self.storedByteCount = storedByteCount
        self.resolvedAtSeconds = resolvedAtSeconds
    }
}
