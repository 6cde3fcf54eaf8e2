/// An image that has been resolved for one platform: everything that is needed to fetch and mount it.
public struct Image: Hashable, Sendable, Codable {
    /// The source as a person named it, in its canonical form.
    public var name: String
    /// Of the index or manifest that the name led to.
    public var rootDigest: Digest
    public var manifestDigest: Digest
    /// Docker's image ID.
    public var configDigest: Digest
    /// In the normal form.
    public var platform: Platform
    /// The lowest first.
    public var layers: [Layer]

    /// A blob and the digest of what is in it.
    public struct Layer: Hashable, Sendable, Codable {
        /// The blob, compressed or not.
        public var descriptor: Descriptor
        /// Of the uncompressed archive.
        public var diffID: Digest

        public init(descriptor: Descriptor, diffID: Digest) {
            self.descriptor = descriptor
            self.diffID = diffID
        }
    }

    public init(
        name: String, rootDigest: Digest, manifestDigest: Digest, configDigest: Digest, platform: Platform,
        layers: [Layer]
    ) {
        self.name = name
        self.rootDigest = rootDigest
        self.manifestDigest = manifestDigest
        self.configDigest = configDigest
        self.platform = platform
        self.layers = layers
    }
}
