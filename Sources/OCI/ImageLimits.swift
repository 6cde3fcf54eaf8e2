/// How much of an image's metadata is accepted. Nobody's real image comes near any of these.
public struct ImageLimits: Sendable, Hashable {
    /// Bytes of an index or a manifest. Registries refuse more than 4 MiB, too.
    public var maximumManifestByteCount = 4 << 20
    /// Bytes of a config.
    public var maximumConfigByteCount = 8 << 20
    public var maximumLayerCount = 1000
    /// Bytes of a layer's blob, 16 TiB. Sums over all layers, and percentages, then stay within 64 bits.
    public var maximumLayerByteCount = 16 << 40
    /// How many indexes may lead from the name to the manifest.
    public var maximumIndexDepth = 3
    /// How many manifests without a platform are fetched to find one that fits.
    public var maximumUnlabelledManifestCount = 16

    public init() {}
}
