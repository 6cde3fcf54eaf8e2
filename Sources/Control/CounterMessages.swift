/// What a daemon did since it was started. Every number begins with 0 in a new process.
public struct DaemonCounters: Sendable, Hashable, Codable {
    /// Bytes of layers' blobs that arrived, from registries and from files of this machine.
    public struct FetchedByteCounts: Sendable, Hashable, Codable {
        public var registry: Int64
        public var local: Int64

        public init(registry: Int64 = 0, local: Int64 = 0) {
            self.registry = registry
            self.local = local
        }
    }

    public var fetchedByteCounts = FetchedByteCounts()
    /// Bytes of layers' archives that were unpacked.
    public var unpackedByteCount: Int64 = 0
    public var unpackedLayerCount = 0
    /// Bytes of files' content that the kernel asked for: what is in its page cache it does not ask for again.
    public var servedByteCount: Int64 = 0
    /// The kernel's requests, by kind: `lookup`, `read`, and so on.
    public var requestCounts: [String: Int] = [:]
    /// Answers with an errno that means trouble, by its name.
    public var errorAnswerCounts: [String: Int] = [:]
    public var waits = WaitStatistics()
    /// Attempts at a registry that failed and were followed by another, by `FailureKind`.
    public var retryCounts: [String: Int] = [:]
    /// What failed for good, by operation and `FailureKind`: `resolve` (a name), `fetch` (a layer, from one place), `open`
    /// (an image that was to be made ready).
    public var failureCounts: [String: [String: Int]] = [:]

    public init() {}
}

/// How long readers waited for an image. Those that still wait are not in it.
public struct WaitStatistics: Sendable, Hashable, Codable {
    public struct Bucket: Sendable, Hashable, Codable {
        /// Waits that took longer are in one of the next buckets; nil for the last bucket.
        public var atMostSeconds: Double?
        public var count: Int

        public init(atMostSeconds: Double?, count: Int) {
            self.atMostSeconds = atMostSeconds
            self.count = count
        }
    }

    public var count: Int { buckets.reduce(0) { $0 + $1.count } }
    public var totalSeconds: Double
    /// Each wait is in one of them.
    public var buckets: [Bucket]

    public init(totalSeconds: Double = 0, buckets: [Bucket] = []) {
        self.totalSeconds = totalSeconds
        self.buckets = buckets
    }

    private enum CodingKeys: String, CodingKey { case count, totalSeconds, buckets }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        totalSeconds = try container.decode(Double.self, forKey: .totalSeconds)
        buckets = try container.decode([Bucket].self, forKey: .buckets)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(totalSeconds, forKey: .totalSeconds)
        try container.encode(buckets, forKey: .buckets)
    }
}
