import Glibc
import OCI
import Testing

@testable import Registry

@Suite("Credentials")
struct CredentialTests {
    private static let ann = Base64.encoded("ann:a")
    private static let bob = Base64.encoded("bob:b")

    private func names(_ json: String, _ registry: String, _ repository: String) throws -> [String] {
        try AuthFile(Array(json.utf8), path: "file").matches(registry: registry, repository: repository).map { match in
            switch match {
            case .credentials(let credentials): (credentials.isIdentityToken ? "token " : "") + credentials.username
            case .helper(let name, let server): "\(name)(\(server))"
            }
        }
    }

    @Test(
        "keys of auth files",
        arguments: [
            (#"{"auths":{"example.com":{"auth":"ANN"}}}"#, "example.com", "a/b", ["ann"]),
            (#"{"auths":{"https://example.com/v2/":{"auth":"ANN"}}}"#, "example.com", "a/b", ["ann"]),
            (#"{"auths":{"example.com":{"auth":"ANN"}}}"#, "example.com:5000", "a/b", []),
            (#"{"auths":{"example.com":{"auth":"ANN"}}}"#, "evil.example.com", "a/b", []),
            (#"{"auths":{"https://index.docker.io/v1/":{"auth":"ANN"}}}"#, "docker.io", "library/redis", ["ann"]),
            (#"{"auths":{"docker.io":{"auth":"ANN"}}}"#, "docker.io", "library/redis", ["ann"]),
            (
                #"{"auths":{"h":{"auth":"ANN"},"h/a/b":{"auth":"BOB"}}}"#, "h", "a/b/c", ["bob", "ann"]
            ),
            (#"{"auths":{"h":{"auth":"ANN"},"h/a/b":{"auth":"BOB"}}}"#, "h", "a/bc", ["ann"]),
            (#"{"auths":{"h":{"auth":"ANN","identitytoken":"t"}}}"#, "h", "a", ["token ann"]),
            (#"{"auths":{"h":{"username":"eve","password":"p"}}}"#, "h", "a", ["eve"]),
            (#"{"auths":{"h":{}},"credsStore":"pass"}"#, "h", "a", ["pass(h)"]),
            (#"{"auths":{"h":null}}"#, "h", "a", []),
            (#"{"credsStore":"pass"}"#, "docker.io", "a/b", ["pass(https://index.docker.io/v1/)"]),
            (
                #"{"auths":{"h":{"auth":"ANN"}},"credHelpers":{"h":"ecr-login"},"credsStore":"pass"}"#, "h", "a",
                ["ecr-login(h)", "ann", "pass(h)"]
            ),
            ("{}", "h", "a", []),
        ] as [(String, String, String, [String])])
    func keys(json: String, registry: String, repository: String, expected: [String]) throws {
        let json = json.replacing("ANN", with: Self.ann).replacing("BOB", with: Self.bob)
        #expect(try names(json, registry, repository) == expected)
    }

    @Test(
        "a malformed file is an error without its contents",
        arguments: [
            "", "[]", #"{"auths":{"h":{"auth":"c2VjcmV0"}}}"#, #"{"auths":{"h":{"auth":"%%"}}}"#, #"{"auths":{"h":7}}"#,
        ])
    func malformed(json: String) {
        let error = #expect(throws: CredentialError.self) { try names(json, "h", "a") }
        #expect(error?.description.contains("file") == true)
        #expect(error?.description.contains("c2VjcmV0") == false)
    }

    @Test func `the files of a user come in their order`() {
        func paths(_ environment: [String: String]) -> [String] {
            CredentialSource(environment: environment, userID: 1000, home: "/home/ann").files.map(\.path)
        }
        #expect(paths([:]) == ["/home/ann/.config/containers/auth.json", "/home/ann/.docker/config.json"])
        #expect(
            paths(["XDG_RUNTIME_DIR": "/run/user/1000", "XDG_CONFIG_HOME": "/c", "DOCKER_CONFIG": "/d"])
                == ["/run/user/1000/containers/auth.json", "/c/containers/auth.json", "/d/config.json"])
        #expect(paths(["REGISTRY_AUTH_FILE": "/x", "DOCKER_CONFIG": "/d"]) == ["/x"])
        #expect(paths(["DOCKER_CONFIG": "relative"]).last == "/home/ann/.docker/config.json")
        #expect(CredentialSource(environment: [:], userID: 0, home: nil).files.isEmpty)
    }

    @Test func `the first file that knows the registry decides`() throws {
        let first = try TemporaryFile(#"{"auths":{"other":{"auth":"\#(Self.ann)"}}}"#)
        let second = try TemporaryFile(#"{"auths":{"h":{"auth":"\#(Self.bob)"}}}"#)
        var source = CredentialSource.anonymous
        source.files = [first.path, "/nonexistent/file", "/etc/passwd/file", second.path].map {
            .init(path: $0, isRequired: false)
        }
        let credentials = try source.credentials(registry: "h", repository: "a")
        #expect(credentials == Credentials(username: "bob", secret: "b", origin: second.path))
        #expect(try source.credentials(registry: "unknown", repository: "a") == nil)
        #expect(try CredentialSource.anonymous.credentials(registry: "h", repository: "a") == nil)
    }

    @Test func `a file that the user named must be there`() {
        let source = CredentialSource(authFile: "/nonexistent/auth.json", userID: geteuid(), home: nil)
        let error = #expect(throws: CredentialError.self) { try source.credentials(registry: "h", repository: "a") }
        #expect(error?.description.contains("/nonexistent/auth.json") == true)
    }

    @Test("only regular files are read", arguments: ["/dev/zero", "/tmp"])
    func regularFiles(path: String) {
        let source = CredentialSource(authFile: path, userID: geteuid(), home: nil)
        #expect(throws: CredentialError.self) { try source.credentials(registry: "h", repository: "a") }
    }

    @Test func `nothing is read for somebody who does not own it, and no helper is run for others`() throws {
        let file = try TemporaryFile(#"{"auths":{"h":{"auth":"\#(Self.ann)"}}}"#, mode: 0o644)
        let stranger = geteuid() + 1
        let source = CredentialSource(authFile: file.path, userID: stranger, home: nil)
        #expect(throws: CredentialError.self) { try source.credentials(registry: "h", repository: "a") }

        let helper = try TemporaryFile(#"{"credsStore":"none"}"#)
        try #require(geteuid() != 0 || chown(helper.path, stranger, 0) == 0)
        let other = CredentialSource(authFile: helper.path, userID: stranger, home: nil)
        let error = #expect(throws: CredentialError.self) { try other.credentials(registry: "h", repository: "a") }
        #expect(geteuid() != 0 || error?.description.contains("not run for another user") == true)
    }

    @Test("names that are no helper", arguments: ["", "../x", "a/b", "a b", "a;b", "ä"])
    func helperNames(name: String) {
        #expect(throws: CredentialError.self) { try CredentialHelper(name: name, home: nil) }
    }

    private func helper(_ script: String) throws -> (CredentialHelper, TemporaryFile) {
        let file = try TemporaryFile("#!/bin/sh\n" + script, mode: 0o700)
        return (CredentialHelper(program: file.path, home: "/nowhere"), file)
    }

    @Test func `a helper is asked with the server on standard input`() throws {
        let (helper, file) = try helper(
            #"""
            test "$1" = get && test "$HOME" = /nowhere && server=$(cat)
            test "$server" = registry.example || exit 3
            echo "{\"ServerURL\":\"$server\",\"Username\":\"ann\",\"Secret\":\"s\"}"
            """#)
        #expect(
            try helper.credentials(server: "registry.example")
                == Credentials(username: "ann", secret: "s", origin: file.path))
    }

    @Test func `a helper may give an identity token, or nothing`() throws {
        let (token, first) = try helper(#"echo '{"Username":"<token>","Secret":"s"}'"#)
        let credentials = try token.credentials(server: "h")
        #expect(credentials == Credentials(username: "", secret: "s", isIdentityToken: true, origin: first.path))
        let (none, second) = try helper("echo credentials not found in native keychain; exit 1")
        #expect(try none.credentials(server: "h") == nil)
        withExtendedLifetime(second) {}
    }

    @Test(
        "a helper that fails is an error",
        arguments: ["echo locked; exit 1", "echo no JSON", "exit 0", "kill -9 $$", "head -c 1000000 /dev/zero"])
    func failingHelper(script: String) throws {
        let (helper, file) = try helper(script)
        let error = #expect(throws: CredentialError.self) { try helper.credentials(server: "h") }
        #expect(error?.description.contains(file.path) == true)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["exec sleep 50", "exec >&-\nexec sleep 50"])
    func `a helper that hangs is ended`(script: String) throws {
        let (helper, file) = try helper(script)
        #expect(throws: CredentialError.self) { try helper.credentials(server: "h", timeoutSeconds: 0.3) }
        withExtendedLifetime(file) {}
    }

    @Test func `a helper ignores none of the signals that the daemon ignores`() throws {
        let former = signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, former) }
        let (helper, file) = try helper(
            #"""
            kill -USR1 $$
            echo '{"Username":"u","Secret":"s"}'
            """#)
        #expect(throws: CredentialError.self) { try helper.credentials(server: "h") }
        withExtendedLifetime(file) {}
    }

    @Test func `a helper that is not there is an error`() throws {
        let helper = try CredentialHelper(name: "imgfs-test-does-not-exist", home: nil)
        let error = #expect(throws: CredentialError.self) { try helper.credentials(server: "h") }
        #expect(error?.description.contains("docker-credential-imgfs-test-does-not-exist") == true)
    }
}
