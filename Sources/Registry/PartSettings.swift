/// How the rest of a big blob is asked for in parts, by several requests at once.
///
/// Memory: each blob that is fetched this way has at most `maximumCount` parts in memory, with these defaults 16 MiB.
struct PartSettings: Sendable, Equatable {
    /// Below this a request costs more than it brings.
    static let minimumByteCount: Int64 = 1 << 20

    /// Parts of one blob that are fetched, or wait for the reader, at the same time. 1 for a single stream always.
    var maximumCount = 4
    /// Of each part. At least `minimumByteCount`.
    var byteCount: Int64 = 4 << 20
    /// What must be missing of a blob.
    var thresholdByteCount: Int64 = 16 << 20
    var benefit = PartBenefit()
}
