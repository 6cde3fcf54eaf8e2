/// How far a layer is. Neither number ever goes back.
public struct UnpackProgress: Sendable, Hashable {
    /// Compressed bytes that are there, those that an earlier attempt left included.
    public var fetchedByteCount: Int64
    /// Uncompressed bytes of the archive so far.
    public var unpackedByteCount: Int64

    public init(fetchedByteCount: Int64, unpackedByteCount: Int64) {
        self.fetchedByteCount = fetchedByteCount
        self.unpackedByteCount = unpackedByteCount
    }
}
