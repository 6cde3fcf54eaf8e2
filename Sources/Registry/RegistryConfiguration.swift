public import OCI

/// How patient a `RegistryClient` is, and how it calls itself.
public struct RegistryConfiguration: Sendable {
    /// For one connection, with TLS. More than 0.
    public var connectTimeoutSeconds: Double = 10
    /// A transfer that brings no byte for so long has failed. Looked at about once a second. At least 1.
    public var idleTimeoutSeconds = 30
    /// Attempts without progress before a request fails, the first one included. At least 1.
    public var maximumAttempts = 5
    /// Time without progress after which no new attempt begins.
    public var retrySeconds: Double = 60
    /// Upper bound of the wait before the second attempt; it doubles with each further one.
    public var firstRetryWaitSeconds: Double = 0.25
    /// Upper bound of each wait that the registry did not ask for with Retry-After.
    public var maximumRetryWaitSeconds: Double = 10
    /// Of manifests and configs; layers have their own.
    public var limits = ImageLimits()
    public var userAgent = "imgfs"
    var parts = PartSettings()

    public init() {}

    /// Ranged requests at once for one big blob, where the registry is far away. 1 for none: a single stream. At least 1.
    public var maximumParts: Int {
        get { parts.maximumCount }
        set { parts.maximumCount = newValue }
    }

    var retryPolicy: RetryPolicy {
        RetryPolicy(
            maximumAttempts: maximumAttempts, maximumSeconds: retrySeconds, firstWaitSeconds: firstRetryWaitSeconds,
            maximumWaitSeconds: maximumRetryWaitSeconds)
    }
}
