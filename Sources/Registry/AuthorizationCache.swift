import Synchronization

/// The value of an Authorization field. Prints without it.
struct Authorization: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    var field: String
    /// Whose it is, for messages; nil for anonymous tokens.
    var credentials: String?
    /// A bearer token, which may expire or be taken back before its time.
    var isToken: Bool

    var description: String { isToken ? "bearer token" : "basic" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// What an authorization is good for.
struct AuthorizationKey: Hashable, Sendable {
    var challenge: AuthenticationChallenge
    var registry: String
    var repository: String
    var credentials: CredentialSource
}

/// Authorizations that are still good. A client has one, so that all pulls share it.
final class AuthorizationCache: Sendable {
    static let maximumEntries = 256

    private struct Entry {
        var authorization: Authorization
        var until: ContinuousClock.Instant
    }

    private let entries = Mutex<[AuthorizationKey: Entry]>([:])
    private let calls = SharedCalls<AuthorizationKey, Authorization>()

    /// The authorization for `key`, but not `rejected`: from the cache, or from `fetch`, which callers with the same key
    /// share.
    func authorization(
        for key: AuthorizationKey, insteadOf rejected: Authorization?,
        fetch: () throws -> (Authorization, usableSeconds: Double)
    ) throws -> Authorization {
        if let known = known(key, rejected) { return known }
        return try calls.run(key) {
            // Another caller may have been faster between the look and the call.
            if let known = known(key, rejected) { return known }
            let (authorization, seconds) = try fetch()
            let now = ContinuousClock.now
            entries.withLock { entries in
                entries = entries.filter { $0.value.until > now }
                if entries.count >= Self.maximumEntries { entries.removeAll() }
                entries[key] = Entry(authorization: authorization, until: now + .seconds(seconds))
            }
            return authorization
        }
    }

    func removeAll() {
        entries.withLock { $0.removeAll() }
    }

    private func known(_ key: AuthorizationKey, _ rejected: Authorization?) -> Authorization? {
        entries.withLock { entries in
            guard let entry = entries[key], entry.until > .now, entry.authorization != rejected else { return nil }
            return entry.authorization
        }
    }
}
