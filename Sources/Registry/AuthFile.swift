import FoundationEssentials

/// The contents of docker's config.json or of containers' auth.json. See containers-auth.json(5).
struct AuthFile: Sendable {
    static let maximumBytes = 1 << 20

    /// What a file says about a repository.
    enum Match: Equatable {
        case credentials(Credentials)
        /// A program `docker-credential-<name>` to be asked for `server`.
        case helper(name: String, server: String)
    }

    private struct Entry: Decodable {
        var auth: String?
        var username: String?
        var password: String?
        var identitytoken: String?
    }

    private struct Contents: Decodable {
        var auths: [String: Entry?]?
        var credHelpers: [String: String]?
        var credsStore: String?
    }

    private let path: String
    private let contents: Contents

    /// `path` is for messages.
    init(_ bytes: [UInt8], path: String) throws(CredentialError) {
        self.path = path
        do {
            contents = try JSONDecoder().decode(Contents.self, from: Data(bytes))
        } catch {
            throw CredentialError(description: "\(path) is no auth file: it is not the JSON that 'docker login' writes")
        }
    }

    /// Where to get credentials for a repository, most specific first: a helper for the registry, an entry with the
    /// longest path that is a prefix of the repository, the helper for everything.
    func matches(registry: String, repository: String) throws(CredentialError) -> [Match] {
        let registry = Self.normalized(registry)
        let server = registry == "docker.io" ? Self.dockerHubServer : registry
        var result: [Match] = []
        if let helper = contents.credHelpers?.first(where: { Self.normalized($0.key) == registry })?.value,
            !helper.isEmpty
        {
            result.append(.helper(name: helper, server: server))
        }
        for scope in Self.scopes(registry: registry, repository: repository) {
            let keys = (contents.auths ?? [:]).keys.filter { Self.normalized($0) == scope }.sorted()
            for key in keys {
                guard let entry = contents.auths?[key].flatMap(\.self) else { continue }
                if let credentials = try credentials(of: entry, key: key) { result.append(.credentials(credentials)) }
            }
        }
        if let store = contents.credsStore, !store.isEmpty { result.append(.helper(name: store, server: server)) }
        return result
    }

    /// Nil for an empty entry, as docker leaves it where a helper has the secret.
    private func credentials(of entry: Entry, key: String) throws(CredentialError) -> Credentials? {
        var username = entry.username ?? ""
        var password = entry.password ?? ""
        if let auth = entry.auth, !auth.isEmpty {
            guard let pair = Base64.decoded(auth), let colon = pair.firstIndex(of: ":") else {
                throw CredentialError(description: "\(path): 'auth' of '\(key)' is not base64 of user:password")
            }
            username = String(pair[..<colon])
            password = String(pair[pair.index(after: colon)...])
            // Old versions of docker pad with NUL.
            while password.last == "\0" { password.removeLast() }
        }
        if let token = entry.identitytoken, !token.isEmpty {
            return Credentials(username: username, secret: token, isIdentityToken: true, origin: path)
        }
        guard !username.isEmpty || !password.isEmpty else { return nil }
        return Credentials(username: username, secret: password, origin: path)
    }

    private static let dockerHubServer = "https://index.docker.io/v1/"

    /// "host/a/b", "host/a", "host" for the repository a/b.
    private static func scopes(registry: String, repository: String) -> [String] {
        var result: [String] = []
        var path = repository[...]
        while !path.isEmpty {
            result.append(registry + "/" + path)
            path = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
        }
        return result + [registry]
    }

    /// A key without scheme, API version and trailing slash, and one name for Docker Hub.
    static func normalized(_ key: String) -> String {
        var rest = key[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        for version in ["/v1", "/v2"] where rest.hasSuffix(version) { rest = rest.dropLast(version.count) }
        let host = rest.prefix { $0 != "/" }
        let isDockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(host)
        return isDockerHub ? "docker.io" + rest.dropFirst(host.count) : String(rest)
    }
}
