/// A user name and a secret for a registry. Prints without the secret.
struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var username: String
    /// A password, or an identity token (an OAuth2 refresh token).
    var secret: String
    var isIdentityToken = false
    /// The file or helper that they come from.
    var origin: String

    var description: String { "user \(username.isEmpty ? "(token)" : username) from \(origin)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["username": username, "origin": origin]) }

    /// The value of an Authorization field. See RFC 7617.
    var basic: String { "Basic " + Base64.encoded("\(username):\(secret)") }
}

/// Why credentials cannot be read. Says nothing of their contents.
struct CredentialError: Error, Equatable, CustomStringConvertible {
    var description: String
}
