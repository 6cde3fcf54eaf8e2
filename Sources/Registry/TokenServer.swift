import OCI

/// Where a Bearer challenge sends its client for a token.
/// See https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/.
struct TokenServer {
    var http: HTTPClient
    var realm: HTTPURL
    var service: String?
    var scope: String
    var verifiesCertificate: Bool
    var connectTimeoutSeconds: Double
    /// For messages.
    var subject: String

    /// Throws `AttemptFailure`.
    func token(for credentials: Credentials?) throws -> AccessToken {
        if let credentials, credentials.isIdentityToken {
            let form = query([
                ("grant_type", "refresh_token"), ("service", service ?? realm.origin.host), ("client_id", "imgfs"),
                ("scope", scope), ("refresh_token", credentials.secret),
            ])
            let (head, body) = try send(.post(form: form), to: realm, authorization: nil)
            // Servers from before OAuth2 know GET alone.
            if head.status != 404, head.status != 405 { return try token(head, body, for: credentials) }
        }
        var parameters = [("scope", scope)]
        if let service { parameters.insert(("service", service), at: 0) }
        if let credentials, !credentials.username.isEmpty { parameters.append(("account", credentials.username)) }
        var url = realm
        url.target += (url.target.contains("?") ? "&" : "?") + query(parameters)
        let (head, body) = try send(.get, to: url, authorization: credentials?.basic)
        return try token(head, body, for: credentials)
    }

    private func send(
        _ method: HTTPRequest.Method, to url: HTTPURL, authorization: String?
    ) throws -> (HTTPResponseHead, [UInt8]) {
        let request = HTTPRequest(
            method: method, url: url, headers: [("Accept", "application/json")],
            verifiesCertificate: verifiesCertificate, connectTimeoutSeconds: connectTimeoutSeconds)
        let (outcome, last) = http.fetch(request, authorization: authorization) { _, _ in
            .collect(maximumBytes: AccessToken.maximumResponseBytes)
        }
        switch outcome {
        case .complete(let head, let body, _): return (head, body)
        case .failed(let error): throw FailureText.failure(error, of: last, subject: subject)
        case .refused(let error): throw error
        }
    }

    private func token(
        _ head: HTTPResponseHead, _ body: [UInt8], for credentials: Credentials?
    ) throws -> AccessToken {
        if head.isSuccess {
            if let token = AccessToken(response: body) { return token }
            throw AttemptFailure(.invalid, subject, "\(realm) gives no token that can be understood")
        }
        if [400, 401, 403].contains(head.status) {
            let said = ErrorBody.summary(body).map { " (\($0))" } ?? ""
            let who = credentials.map { "authentication failed for \($0) at \(realm.origin)" }
            throw AttemptFailure(
                .denied, subject, (who ?? "\(realm.origin) gives no token for anonymous access") + said)
        }
        throw FailureText.failure(
            head, body: body, of: realm, subject: subject, missing: "the registry's token server knows no \(realm)")
    }

    private func query(_ parameters: [(String, String)]) -> String {
        parameters.map { $0.0 + "=" + percentEncoded($0.1) }.joined(separator: "&")
    }
}
