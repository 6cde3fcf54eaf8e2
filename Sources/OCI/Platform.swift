/// An operating system and a processor architecture that an image is made for.
/// See the OCI image specification, image-index.md, "platform".
public struct Platform: Hashable, Sendable, Codable {
    public var os: String
    public var architecture: String
    public var variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }
}
