public import OCI

/// An attempt that failed, and is going to be followed by another.
public struct RegistryRetry: Sendable {
    /// What was being fetched; nil for a manifest.
    public let blob: Digest?
    public let failure: RegistryError
}
