public import Logging
public import OCI
import Synchronization

/// Reads images from registries over the distribution API.
///
/// Holds what is shared between pulls: connections, tokens, and what is known about registries. All calls block; any
/// number of threads may call at the same time.
/// See https://github.com/opencontainers/distribution-spec.
public final class RegistryClient: Sendable {
    private struct EndpointKey: Hashable {
        var registry: String
        var isInsecure: Bool
    }

    private struct AuthorizerKey: Hashable {
        var endpoint: EndpointKey
        var repository: String
        var credentials: CredentialSource
    }

    private struct Known {
        var endpoints: [EndpointKey: RegistryEndpoint] = [:]
        var authorizers: [AuthorizerKey: Authorizer] = [:]
    }

    /// More are forgotten: they are found out again when they are needed.
    private static let maximumKnown = 256

    private let configuration: RegistryConfiguration
    private let logger: Logger
    private let http: HTTPClient
    private let stopSignal = StopSignal()
    private let authorizations = AuthorizationCache()
    private let known = Mutex(Known())
    private let rangeless = RangelessOrigins()
    private let onRetry: (@Sendable (RegistryRetry) -> Void)?
    private let sleep: (@Sendable (Double) -> Void)?

    /// - Parameter onRetry: told of each attempt that failed and is followed by another, on the thread that fetches.
    public convenience init(
        configuration: RegistryConfiguration = .init(), logger: Logger,
        onRetry: (@Sendable (RegistryRetry) -> Void)? = nil
    ) {
        self.init(configuration: configuration, logger: logger, onRetry: onRetry, sleep: nil)
    }

    /// `sleep` takes the place of the waits between attempts.
    init(
        configuration: RegistryConfiguration, logger: Logger, onRetry: (@Sendable (RegistryRetry) -> Void)? = nil,
        sleep: (@Sendable (Double) -> Void)?
    ) {
        self.onRetry = onRetry
        self.configuration = configuration
        self.logger = logger
        self.sleep = sleep
        http = HTTPClient(
            userAgent: configuration.userAgent, idleTimeoutSeconds: Double(configuration.idleTimeoutSeconds),
            stopSignal: stopSignal)
    }

    /// The image that `reference` names. Asks nobody yet.
    ///
    /// - Parameters:
    ///   - insecure: the registry may have any certificate, and may speak plain HTTP.
    ///   - credentials: where to look when the registry asks for credentials.
    public func image(
        _ reference: Reference, insecure: Bool = false, credentials: CredentialSource = .anonymous
    ) -> RegistryImage {
        let endpointKey = EndpointKey(registry: reference.registry, isInsecure: insecure)
        let key = AuthorizerKey(endpoint: endpointKey, repository: reference.repository, credentials: credentials)
        let (endpoint, authorizer) = known.withLock { known -> (RegistryEndpoint?, Authorizer) in
            if known.endpoints.count >= Self.maximumKnown { known.endpoints.removeAll() }
            if known.authorizers.count >= Self.maximumKnown { known.authorizers.removeAll() }
            let endpoint =
                known.endpoints[endpointKey]
                ?? RegistryEndpoint(registry: reference.registry, isInsecure: insecure)
            let authorizer =
                known.authorizers[key]
                ?? Authorizer(
                    cache: authorizations, http: http, registry: reference.registry, repository: reference.repository,
                    credentials: credentials, isInsecure: insecure)
            known.endpoints[endpointKey] = endpoint
            known.authorizers[key] = authorizer
            return (endpoint, authorizer)
        }
        let retries = RetryLoop(
            policy: configuration.retryPolicy, connectTimeoutSeconds: configuration.connectTimeoutSeconds,
            logger: logger, stopSignal: stopSignal, onRetry: onRetry, sleep: sleep)
        return RegistryImage(
            reference: reference, endpoint: endpoint, authorizer: authorizer, http: http, retries: retries,
            configuration: configuration, rangeless: rangeless)
    }

    /// Makes running calls fail with `FailureKind.cancelled` within about a second, and later ones at once.
    public func shutdown() {
        stopSignal.stop()
        http.closeIdleConnections()
        authorizations.removeAll()
    }
}
