import CCurl
import OCI
import Testing

@testable import Registry

@Suite("What registries send")
struct ParsingTests {
    @Test(
        "challenges",
        arguments: [
            ([], []),
            ([""], []),
            (["Basic"], [.init(scheme: "basic")]),
            ([#"Basic realm="a b""#], [.init(scheme: "basic", parameters: ["realm": "a b"])]),
            (
                [#"Bearer realm="https://a/t?x=1,2",service=s , scope="repository:a/b:pull,push""#],
                [
                    .init(
                        scheme: "bearer",
                        parameters: ["realm": "https://a/t?x=1,2", "service": "s", "scope": "repository:a/b:pull,push"])
                ]
            ),
            ([#"bEaReR ReAlM = "a\"b\\c""#], [.init(scheme: "bearer", parameters: ["realm": #"a"b\c"#])]),
            (
                [#"Negotiate, Basic realm=x, Bearer realm="y""#],
                [
                    .init(scheme: "negotiate"), .init(scheme: "basic", parameters: ["realm": "x"]),
                    .init(scheme: "bearer", parameters: ["realm": "y"]),
                ]
            ),
            (
                ["Negotiate YWJj==, Basic realm=x"],
                [.init(scheme: "negotiate"), .init(scheme: "basic", parameters: ["realm": "x"])]
            ),
            (
                ["Basic realm=x", "Bearer realm=y"],
                [
                    .init(scheme: "basic", parameters: ["realm": "x"]),
                    .init(scheme: "bearer", parameters: ["realm": "y"]),
                ]
            ),
            (["Bearer realm=a,realm=b"], [.init(scheme: "bearer", parameters: ["realm": "a"])]),
            ([#"Bearer realm="a"#], [.init(scheme: "bearer")]),
            ([#"Basic realm=x, "junk""#], [.init(scheme: "basic", parameters: ["realm": "x"])]),
            (["=,=,"], []),
            ([",, ,Basic , "], [.init(scheme: "basic")]),
        ] as [([String], [AuthenticationChallenge])])
    func challenges(fields: [String], expected: [AuthenticationChallenge]) {
        #expect(AuthenticationChallenge.parse(fields) == expected)
    }

    @Test(.timeLimit(.minutes(1))) func `a mutated challenge neither traps nor hangs`() {
        let seed = Array(
            #"Negotiate YQ==, Bearer realm="https://a/t",service=s, scope="r\"x:pull", Basic realm=x"#.utf8)
        var state: UInt64 = 42
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array(" ,=\"\\/aZ:\t".utf8) + [0, 0xff]
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...random(6) {
                switch random(3) {
                case 0: bytes[random(bytes.count)] = alphabet[random(alphabet.count)]
                case 1: bytes.insert(alphabet[random(alphabet.count)], at: random(bytes.count))
                default: bytes.remove(at: random(bytes.count))
                }
            }
            _ = AuthenticationChallenge.parse([String(decoding: bytes, as: UTF8.self)])
        }
    }

    @Test(
        "Retry-After",
        arguments: [
            ("0", 0), ("120", 120), ("", nil), ("-1", nil), ("1.5", nil), ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Fri, 01 Jan 2027 00:00:30 GMT", 30),
            ("Friday, 01-Jan-27 00:00:30 GMT", nil), ("Fri, 32 Jan 2027 00:00:30 GMT", nil),
            ("Fri, 01 Jan 2027 24:00:30 GMT", nil), ("Fri, 01 Foo 2027 00:00:30 GMT", nil),
        ] as [(String, Double?)])
    func retryAfter(value: String, expected: Double?) {
        // 2027-01-01 00:00:00 UTC
        #expect(RetryAfter.seconds(value, now: 1_798_761_600) == expected)
    }

    @Test(
        "dates",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200), ("Fri, 31 Dec 2100 00:00:00 GMT", 4_133_894_400),
        ] as [(String, Int64)])
    func dates(text: String, seconds: Int64) {
        #expect(HTTPDate.secondsSince1970(text) == seconds)
    }

    @Test func `content ranges`() {
        func range(_ text: String) -> [Int64?]? {
            ContentRange(text).map { [$0.bytes?.lowerBound, $0.bytes?.upperBound, $0.total] }
        }
        #expect(range("bytes 0-9/10") == [0, 9, 10])
        #expect(range("BYTES 5-5/*") == [5, 5, nil])
        #expect(range("bytes */10") == [nil, nil, 10])
        for wrong in [
            "", "bytes", "bytes 0-9", "bytes 9-0/10", "bytes 0-10/10", "bytes */*", "bytes -1-2/3", "bytes 1-/3",
            "items 0-9/10", "bytes 0-9/10/10", "bytes +0-9/10", "bytes 0-9/99999999999999999999",
        ] {
            #expect(range(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `URLs are taken apart`() throws {
        let url = try #require(HTTPURL("HTTPS://user:secret@Example.COM:443/a/b?x=1#f"))
        #expect(url.text == "https://example.com/a/b?x=1")
        #expect(url.description == "https://example.com/a/b?…")
        #expect(url.origin == HTTPURL("https://example.com/")?.origin)
        #expect(url.origin != HTTPURL("http://example.com:443/")?.origin)
        #expect(url.following("../c?y#z")?.text == "https://example.com/c?y")
        #expect(url.following("//other/d")?.text == "https://other/d")
        #expect(url.following("http://other:80")?.text == "http://other/")
        #expect(HTTPURL("http://[::1]:5000/v2/")?.text == "http://[::1]:5000/v2/")
        for wrong in ["", "/a", "a", "ftp://a/", "http://", "http://a:0/", "http://a:70000/", "file:///etc/passwd"] {
            #expect(HTTPURL(wrong) == nil, "\(wrong)")
        }
    }

    @Test(
        "loopback hosts",
        arguments: [
            ("localhost", true), ("127.0.0.1", true), ("127.255.0.9", true), ("[::1]", true),
            ("127.0.0.1.example.com", false),
            ("128.0.0.1", false), ("0.0.0.0", false), ("127.1", false), ("localhost.example.com", false),
        ])
    func loopback(host: String, expected: Bool) {
        #expect(HTTPURL.isLoopback(host: host) == expected)
    }

    @Test func `a response's head is parsed line by line`() {
        var parser = HTTPHeadParser()
        func add(_ line: String) -> HTTPHeadParser.Line {
            var bytes = Array((line + "\r\n").utf8)
            return bytes.withUnsafeMutableBytes { parser.add(UnsafeRawBufferPointer($0)) }
        }
        #expect(add("HTTP/1.1 100 Continue") == .more)
        #expect(add("X: early") == .more)
        #expect(add("") == .more)
        #expect(add("HTTP/1.1 206 Partial Content") == .more)
        #expect(add("Content-LENGTH:  12 ") == .more)
        #expect(add("no colon") == .more)
        #expect(add("X: 1") == .more)
        #expect(add("x:2") == .more)
        #expect(add("") == .complete)
        #expect(add("Trailer: ignored") == .more)
        #expect(parser.head?.status == 206)
        #expect(parser.head?.contentLength == 12)
        #expect(parser.head?.values("x") == ["1", "2"])
        #expect(parser.head?.value("trailer") == nil)

        parser = HTTPHeadParser()
        #expect(add("X: before the status line") == .malformed)
        parser = HTTPHeadParser()
        #expect(add("HTTP/1.1 abc") == .malformed)
    }

    @Test(
        "error bodies",
        arguments: [
            (#"{"errors":[{"code":"DENIED","message":"no"}]}"#, "DENIED: no"), (#"{"errors":[{"code":"X"}]}"#, "X"),
            (#"{"error":"invalid_grant","error_description":"bad"}"#, "invalid_grant: bad"),
            (#"{"details":"incorrect username or password"}"#, "incorrect username or password"),
            (#"{"errors":[]}"#, nil), ("{}", nil), ("<html>", nil), ("", nil),
        ] as [(String, String?)])
    func errorBodies(body: String, expected: String?) {
        #expect(ErrorBody.summary(Array(body.utf8)) == expected)
    }

    @Test(
        "what libcurl's codes mean",
        arguments: [
            (6, false, TransportError.Cause.hostNotFound, FailureKind.unreachable, RetryAdvice.once),
            (7, false, .refused, .unreachable, .retry()), (28, false, .connectTimeout, .unreachable, .retry()),
            (28, true, .stalled, .unreachable, .retry()), (56, true, .reset, .unreachable, .retry()),
            (52, true, .reset, .unreachable, .retry()), (18, true, .truncated, .unreachable, .retry()),
            (35, false, .tls, .unreachable, .never), (60, false, .certificate, .denied, .never),
            (1, true, .notHTTP, .invalid, .never), (42, true, .stopped, .cancelled, .never),
        ] as [(UInt32, Bool, TransportError.Cause, FailureKind, RetryAdvice)])
    func transportErrors(
        code: UInt32, connected: Bool, cause: TransportError.Cause, kind: FailureKind, advice: RetryAdvice
    ) throws {
        let error = TransportError(code: .init(code), connected: connected, systemError: 0, detail: "why")
        #expect(error.cause == cause)
        let url = try #require(HTTPURL("https://host/x?secret"))
        let failure = FailureText.failure(error, of: url, subject: "image")
        #expect(failure.error.kind == kind)
        #expect(failure.advice == advice)
        #expect(failure.error.description.hasPrefix("image: "))
        #expect(!failure.error.description.contains("secret"))
    }

    @Test(
        "the protocols of a registry",
        arguments: [
            ("docker.io", false, ["https://registry-1.docker.io"]),
            ("example.com:5000", false, ["https://example.com:5000"]),
            ("example.com:5000", true, ["https://example.com:5000", "http://example.com:5000"]),
            ("localhost:5000", false, ["http://localhost:5000", "https://localhost:5000"]),
            ("[::1]:5000", true, ["http://[::1]:5000", "https://[::1]:5000"]), ("a/b", false, nil), ("a b", false, nil),
        ] as [(String, Bool, [String]?)])
    func protocols(registry: String, isInsecure: Bool, expected: [String]?) {
        let endpoint = RegistryEndpoint(registry: registry, isInsecure: isInsecure)
        #expect(endpoint?.bases.map(\.origin.description) == expected)
        #expect(endpoint?.bases.allSatisfy { $0.verifiesCertificate || isInsecure } != false)
    }

    @Test func `a proxy in capitals counts where none is in small letters`() {
        #expect(TransferEnvironment.proxy(lowerCase: nil, upperCase: "a") == "a")
        #expect(TransferEnvironment.proxy(lowerCase: "", upperCase: "a") == "a")
        #expect(TransferEnvironment.proxy(lowerCase: "b", upperCase: "a") == nil)
        #expect(TransferEnvironment.proxy(lowerCase: nil, upperCase: "") == nil)
    }
}
