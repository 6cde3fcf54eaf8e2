import OCI
import Synchronization

/// Answers a registry's challenges for one repository and one source of credentials.
final class Authorizer: Sendable {
    private let cache: AuthorizationCache
    private let http: HTTPClient
    private let registry: String
    private let repository: String
    private let credentials: CredentialSource
    private let isInsecure: Bool
    // What the registry asked for last: the next request brings it along at once.
    private let lastChallenge = Mutex<AuthenticationChallenge?>(nil)

    /// How long Basic credentials are used before they are read again.
    private static let basicSeconds: Double = 60

    init(
        cache: AuthorizationCache, http: HTTPClient, registry: String, repository: String,
        credentials: CredentialSource, isInsecure: Bool
    ) {
        self.cache = cache
        self.http = http
        self.registry = registry
        self.repository = repository
        self.credentials = credentials
        self.isInsecure = isInsecure
    }

    /// One request's need for authorization.
    struct Need {
        /// The registry's.
        var origin: HTTPURL.Origin
        var connectTimeoutSeconds: Double
        var subject: String
    }

    /// What to send without having been asked: nothing, or what was good before. Throws `AttemptFailure`.
    func authorization(_ need: Need) throws -> Authorization? {
        guard let challenge = lastChallenge.withLock({ $0 }) else { return nil }
        return try authorization(need, answering: challenge, insteadOf: nil)
    }

    /// What to send after a 401 with these WWW-Authenticate fields, or after a 403 (which has none). Nil when there is
    /// nothing to answer: the response stands. Throws `AttemptFailure`.
    func authorization(
        _ need: Need, answering fields: [String], insteadOf rejected: Authorization?
    ) throws -> Authorization? {
        let challenges = AuthenticationChallenge.parse(fields)
        let challenge =
            challenges.first { $0.scheme == "bearer" && $0.parameters["realm"] != nil }
            ?? challenges.first { $0.scheme == "basic" }
            ?? lastChallenge.withLock { $0 }
        guard var challenge else { return nil }
        // "error" and the like differ from answer to answer; they would make it another cache entry.
        challenge.parameters = challenge.parameters.filter { ["realm", "service", "scope"].contains($0.key) }
        lastChallenge.withLock { $0 = challenge }
        return try authorization(need, answering: challenge, insteadOf: rejected)
    }

    private func authorization(
        _ need: Need, answering challenge: AuthenticationChallenge, insteadOf rejected: Authorization?
    ) throws -> Authorization? {
        let key = AuthorizationKey(
            challenge: challenge, registry: registry, repository: repository, credentials: credentials)
        return try cache.authorization(for: key, insteadOf: rejected) {
            let credentials = try readCredentials(need)
            guard challenge.scheme == "bearer" else {
                guard let credentials, !credentials.isIdentityToken else {
                    throw AttemptFailure(
                        .denied, need.subject,
                        "\(need.origin) wants a user and a password; no credentials for \(registry) in \(self.credentials)"
                    )
                }
                let authorization = Authorization(
                    field: credentials.basic, credentials: credentials.description, isToken: false)
                return (authorization, Self.basicSeconds)
            }
            let token = try server(for: challenge, need).token(for: credentials)
            let authorization = Authorization(
                field: "Bearer " + token.value, credentials: credentials?.description, isToken: true)
            return (authorization, token.usableSeconds)
        }
    }

    private func readCredentials(_ need: Need) throws -> Credentials? {
        do {
            return try credentials.credentials(registry: registry, repository: repository)
        } catch {
            throw AttemptFailure(.denied, need.subject, error.description)
        }
    }

    private func server(for challenge: AuthenticationChallenge, _ need: Need) throws -> TokenServer {
        let text = challenge.parameters["realm"] ?? ""
        guard let realm = HTTPURL(text) else {
            throw AttemptFailure(
                .invalid, need.subject,
                "\(need.origin) names no usable token server: '\(displayable(text, maximum: 80))'")
        }
        guard realm.origin.scheme == .https || realm.origin.isLoopback || isInsecure else {
            throw AttemptFailure(
                .denied, need.subject, "\(need.origin) wants credentials to be sent to \(realm) without encryption")
        }
        return TokenServer(
            http: http, realm: realm, service: challenge.parameters["service"],
            scope: challenge.parameters["scope"] ?? "repository:\(repository):pull",
            verifiesCertificate: !(isInsecure && realm.origin.host == need.origin.host),
            connectTimeoutSeconds: need.connectTimeoutSeconds, subject: need.subject)
    }

    /// What a refusal that stays a refusal is due to.
    func explanation(of authorization: Authorization?) -> String {
        if let who = authorization?.credentials { return "with \(who)" }
        return "anonymously; no credentials for \(registry) in \(credentials)"
    }
}
