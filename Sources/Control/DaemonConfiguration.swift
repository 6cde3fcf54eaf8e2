/// Everything that can be set about a daemon. The defaults are those of `imgfs daemon`.
public struct DaemonConfiguration: Sendable, Hashable, Codable {
    /// The store's directory.
    public var root: String
    public var socketPath: String
    /// Layers that are fetched at the same time, for all images together. At least 1.
    public var maximumDownloads = 3
    /// Ranged requests at once for one big layer, where the registry is far away. 1 for none.
    public var maximumParts = 4
    /// Each takes a connection and 4 MiB of memory, for each layer that is fetched at the same time.
    public static let partCounts = 1...16
    public var connectTimeoutSeconds: Double = 10
    /// A transfer that stands still for so long counts as broken.
    public var idleTimeoutSeconds: Double = 30
    /// How often a failing request is tried in all. At least 1.
    public var attempts = 5
    /// No new attempt starts after this time, counted from the first.
    public var retryTimeSeconds: Double = 60
    /// Limits that are not to have their defaults.
    public var limits: [ResourceLimit: UInt64] = [:]
    /// Where metrics can be read; nil for nowhere.
    public var metricsAddress: MetricsAddress?
    /// How long this process may give no sign of life before the keeper ends it; 0 for ever. nil leaves it as it is.
    public var watchdogSeconds: Double?
    /// trace, debug, info, notice, warning, error or critical. The log goes to standard error.
    public var logLevel = "info"

    public init(root: String = ControlPaths.defaultRoot, socketPath: String = ControlPaths.defaultSocket) {
        self.root = root
        self.socketPath = socketPath
    }
}
