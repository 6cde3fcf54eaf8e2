public import OCI

/// An OCI layout or an archive that cannot be read, or that has no such image.
public struct LocalImageError: DescribedError, Equatable {
    public var kind: FailureKind
    /// Names the path.
    public var description: String

    init(_ kind: FailureKind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
