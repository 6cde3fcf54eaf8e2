/// An index, a manifest or a config as it was received, and the digest of exactly these bytes.
public struct Document: Sendable, Equatable {
    public var bytes: [UInt8]
    public var mediaType: String
    public var digest: Digest

    /// A document whose digest somebody has checked. What comes from outside is hashed: see the initializer in `Content`.
    public init(bytes: [UInt8], mediaType: String, digest: Digest) {
        self.bytes = bytes
        self.mediaType = mediaType
        self.digest = digest
    }
}
