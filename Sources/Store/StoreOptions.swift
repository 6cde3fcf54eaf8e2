/// Limits and settings of a store.
public struct StoreOptions: Sendable {
    /// Bytes of partial blobs, mostly of their archives, that are kept for resuming a fetch that broke off, all together.
    /// The oldest go first.
    public var maximumPartialByteCount: Int64 = 24 << 30
    /// Bytes of one document. Manifests are limited to 4 MiB and configs to 8 MiB where they are fetched.
    public var maximumDocumentByteCount = 8 << 20
    /// `prune` keeps what was published or recorded less than this long ago: whoever asked for it may not have come to
    /// use it yet.
    public var pruneGrace: Duration = .seconds(60)
    /// How long to wait for another process that has the store: a predecessor that is about to end.
    public var lockWaitSeconds: Double = 0
    /// Names one run of the machine; nil means the kernel's boot id. For tests of power failures.
    public var bootID: String?

    public init() {}
}
