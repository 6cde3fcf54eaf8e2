import Glibc
import OCI
import Synchronization
import Testing
import Threads

@testable import Registry

/// A registry that wants a bearer token, and its token server in one.
private final class GuardedRegistry: Sendable {
    struct State {
        var issued = 0
        var isRevoked = false
    }

    let state = Mutex(State())
    let blob = TestBlob(byteCount: 10_000)
    /// What the token server answers; by default a token with the next number.
    let tokens: @Sendable (FakeRegistry.Request, Int) -> FakeRegistry.Response
    /// What comes in place of the blob when the token is right.
    let answer: @Sendable (FakeRegistry.Request, Int) -> FakeRegistry.Response?

    init(
        tokens: @escaping @Sendable (FakeRegistry.Request, Int) -> FakeRegistry.Response = { _, number in
            .init(200, #"{"token":"t\#(number)","expires_in":300}"#)
        },
        answer: @escaping @Sendable (FakeRegistry.Request, Int) -> FakeRegistry.Response? = { _, _ in nil }
    ) {
        self.tokens = tokens
        self.answer = answer
    }

    func revoke() { state.withLock { $0.isRevoked = true } }

    @Sendable func handle(_ request: FakeRegistry.Request, _ position: Int) -> FakeRegistry.Response {
        if request.path == "/token" {
            let number = state.withLock { state in
                state.issued += 1
                state.isRevoked = false
                return state.issued
            }
            return tokens(request, number)
        }
        let (number, isRevoked) = state.withLock { ($0.issued, $0.isRevoked) }
        guard !isRevoked, request.authorization == "Bearer t\(number)" else {
            let realm = "http://\(request.headers["host"] ?? "")/token"
            return .init(
                401, #"{"errors":[{"code":"UNAUTHORIZED"}]}"#,
                headers: [
                    (
                        "WWW-Authenticate",
                        #"Bearer realm="\#(realm)",service="the, service",scope="repository:app:pull""#
                    )
                ])
        }
        return answer(request, number) ?? blob.response(to: request)
    }
}

@Suite("Authentication")
struct AuthenticationTests {
    private func requests(of server: FakeRegistry, _ path: String) -> [FakeRegistry.Request] {
        server.requests.filter { $0.path == path }
    }

    private func authFile(_ server: FakeRegistry, _ entry: String) throws -> TemporaryFile {
        try TemporaryFile(#"{"auths":{"\#(server.host)":\#(entry)}}"#)
    }

    private func basicEntry(_ pair: String) -> String { #"{"auth":"\#(Base64.encoded(pair))"}"# }

    @Test func `an anonymous token is fetched once and then kept`() throws {
        let registry = GuardedRegistry()
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let client = RecordedWaits().client()
            for _ in 0..<3 {
                let image = client.image(try Reference(parsing: "\(server.host)/app"))
                #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            }
            let tokens = requests(of: server, "/token")
            #expect(tokens.map(\.query) == ["service=the%2C%20service&scope=repository%3Aapp%3Apull"])
            #expect(tokens[0].authorization == nil)
            #expect(server.requests.count == 1 + 1 + 3)
        }
    }

    @Test(
        "both names of a token are understood",
        arguments: [#"{"access_token":"t1"}"#, #"{"token":"","access_token":"t1"}"#, #"{"token":"t1","expires_in":0}"#])
    func tokenNames(response: String) throws {
        let registry = GuardedRegistry(tokens: { _, _ in .init(200, response) })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: registry.blob) == registry.blob.bytes)
        }
    }

    @Test("a token that cannot be used is an error", arguments: ["", "{}", #"{"token":"a\r\nb"}"#, "[1]"])
    func uselessToken(response: String) throws {
        let registry = GuardedRegistry(tokens: { _, _ in .init(200, response) })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server).bytes(of: registry.blob)
            }
            #expect(error?.kind == .invalid)
        }
    }

    @Test func `a token that expires is renewed before it is used`() throws {
        let registry = GuardedRegistry(tokens: { _, number in
            .init(200, #"{"token":"t\#(number)","expires_in":0.000001}"#)
        })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let image = try RecordedWaits().image(on: server)
            for _ in 0..<3 { #expect(try image.bytes(of: registry.blob) == registry.blob.bytes) }
            #expect(requests(of: server, "/token").count == 3)
            #expect(requests(of: server, registry.blob.path).count == 4)
        }
    }

    @Test func `a token that is taken back in mid-pull is renewed once`() throws {
        let registry = GuardedRegistry()
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let image = try RecordedWaits().image(on: server)
            #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            registry.revoke()
            #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            #expect(requests(of: server, "/token").count == 2)
            #expect(requests(of: server, registry.blob.path).count == 4)
        }
    }

    @Test func `a 403 in mid-pull renews the token once`() throws {
        let registry = GuardedRegistry(answer: { _, number in number == 1 ? .init(403, "expired") : nil })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            // The first token is the answer to the 401, and no other one is asked for after that.
            let image = try RecordedWaits().image(on: server)
            #expect(throws: RegistryError.self) { try image.bytes(of: registry.blob) }
            #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            #expect(requests(of: server, "/token").count == 2)
        }
    }

    @Test func `a refusal that stays one ends the pull`() throws {
        let registry = GuardedRegistry(answer: { _, _ in .init(403, #"{"errors":[{"code":"DENIED"}]}"#) })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let image = try RecordedWaits().image(on: server)
            for _ in 0..<2 {
                let error = #expect(throws: RegistryError.self) { try image.bytes(of: registry.blob) }
                #expect(error?.kind == .denied)
                #expect(error?.description.contains("DENIED") == true)
                #expect(error?.description.contains("anonymously") == true)
            }
            #expect(requests(of: server, "/token").count == 2)
        }
    }

    @Test func `a password goes to the token server as Basic`() throws {
        let registry = GuardedRegistry()
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let file = try authFile(server, basicEntry("ann:pass:word"))
            let image = try RecordedWaits().image(on: server, credentials: file.source)
            #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            let token = try #require(requests(of: server, "/token").first)
            #expect(token.authorization == "Basic " + Base64.encoded("ann:pass:word"))
            #expect(token.query.hasSuffix("&account=ann"))
            #expect(requests(of: server, registry.blob.path).map(\.authorization) == [nil, "Bearer t1"])
        }
    }

    @Test("a wrong password is told with user, host and file", arguments: [401, 403, 400])
    func wrongPassword(status: Int) throws {
        let registry = GuardedRegistry(tokens: { _, _ in
            .init(status, #"{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}"#)
        })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let file = try authFile(server, basicEntry("ann:hunter2"))
            let image = try RecordedWaits().image(on: server, credentials: file.source)
            let error = #expect(throws: RegistryError.self) { try image.bytes(of: registry.blob) }
            #expect(error?.kind == .denied)
            let text = error?.description ?? ""
            #expect(text.contains("authentication failed for user ann from \(file.path) at http://\(server.host)"))
            #expect(text.contains("incorrect username or password"))
            #expect(!text.contains("hunter2") && !text.contains(Base64.encoded("ann:hunter2")))
            #expect(requests(of: server, "/token").count == 1)
        }
    }

    @Test func `a token server that fails is asked again`() throws {
        let registry = GuardedRegistry(tokens: { _, number in
            number < 3 ? .init(503, "busy") : .init(200, #"{"token":"t\#(number)"}"#)
        })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: registry.blob) == registry.blob.bytes)
            #expect(requests(of: server, "/token").count == 3)
        }
    }

    @Test func `an identity token is exchanged over OAuth2`() throws {
        let registry = GuardedRegistry(tokens: { request, number in
            request.method == "POST" ? .init(200, #"{"access_token":"t\#(number)"}"#) : .init(400, "")
        })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let file = try authFile(server, #"{"identitytoken":"id&1"}"#)
            let image = try RecordedWaits().image(on: server, credentials: file.source)
            #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            let token = try #require(requests(of: server, "/token").first)
            #expect(token.headers["content-type"] == "application/x-www-form-urlencoded")
            #expect(
                token.body
                    == "grant_type=refresh_token&service=the%2C%20service&client_id=imgfs&scope=repository%3Aapp%3Apull"
                    + "&refresh_token=id%261")
            #expect(token.query.isEmpty && token.authorization == nil)
        }
    }

    @Test("a token server without OAuth2 is asked with GET", arguments: [404, 405])
    func noOAuth2(status: Int) throws {
        let registry = GuardedRegistry(tokens: { request, number in
            request.method == "POST" ? .init(status, "") : .init(200, #"{"token":"t\#(number)"}"#)
        })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let file = try authFile(
                server, #"{"auth":"\#(Base64.encoded("ann:"))","identitytoken":"id1"}"#)
            let image = try RecordedWaits().image(on: server, credentials: file.source)
            #expect(try image.bytes(of: registry.blob) == registry.blob.bytes)
            #expect(requests(of: server, "/token").map(\.method) == ["POST", "GET"])
            #expect(requests(of: server, "/token").last?.authorization == "Basic " + Base64.encoded("ann:id1"))
        }
    }

    @Test func `Basic credentials are sent when asked for, and at once from then on`() throws {
        let blob = TestBlob(byteCount: 100)
        let right = "Basic " + Base64.encoded("ann:secret")
        let handler: FakeRegistry.Handler = { request, _ in
            request.authorization == right
                ? blob.response(to: request)
                : .init(401, "", headers: [("WWW-Authenticate", #"Negotiate, Basic realm="x""#)])
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let file = try authFile(server, basicEntry("ann:secret"))
            let image = try RecordedWaits().image(on: server, credentials: file.source)
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.map(\.authorization) == [nil, right, right])

            let wrong = try authFile(server, basicEntry("bob:wrong"))
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server, credentials: wrong.source).bytes(of: blob)
            }
            #expect(error?.kind == .denied)
            #expect(error?.description.contains("with user bob from \(wrong.path)") == true)

            let none = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(none?.kind == .denied)
        }
    }

    @Test func `a token server in clear outside of this machine is refused`() throws {
        let challenge = #"Bearer realm="http://192.0.2.1/token",service="x""#
        let handler: FakeRegistry.Handler = { _, _ in .init(401, "", headers: [("WWW-Authenticate", challenge)]) }
        try FakeRegistry.serving(handler) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).root() }
            #expect(error?.kind == .denied)
            #expect(error?.description.contains("http://192.0.2.1/token") == true)
        }
    }

    @Test("a 401 that cannot be answered is a refusal", arguments: [[], [("WWW-Authenticate", "Negotiate abc==")]])
    func unanswerable(headers: [(String, String)]) throws {
        try FakeRegistry.serving({ _, _ in .init(401, "", headers: headers) }) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).root() }
            #expect(error?.kind == .denied)
            #expect(server.requests.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `callers at the same time share one token`() throws {
        let registry = GuardedRegistry(tokens: { _, number in
            usleep(200_000)
            return .init(200, #"{"token":"t\#(number)"}"#)
        })
        try FakeRegistry.serving(registry.handle) { (server) throws in
            let client = RecordedWaits().client()
            let image = client.image(try Reference(parsing: "\(server.host)/app"))
            let results = Monitor<[Bool]>([])
            for _ in 0..<8 {
                FakeRegistry.startThread {
                    let isRight = (try? image.bytes(of: registry.blob)) == registry.blob.bytes
                    results.change { $0.append(isRight) }
                }
            }
            #expect(results.wait(seconds: 50) { $0.count == 8 })
            #expect(results.change { $0 } == Array(repeating: true, count: 8))
            #expect(requests(of: server, "/token").count == 1)
        }
    }

    @Test func `secrets are not printed`() {
        let credentials = Credentials(username: "ann", secret: "hunter2", origin: "file")
        let authorization = Authorization(field: "Bearer hunter2", isToken: true)
        let token = AccessToken(value: "hunter2", lifetimeSeconds: 60)
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(authorization, to: &dumped)
        dump(token, to: &dumped)
        dumped += "\(credentials) \(authorization) \(token)" + String(reflecting: credentials)
        dumped += String(reflecting: authorization) + String(reflecting: token)
        #expect(!dumped.contains("hunter2"))
    }
}
