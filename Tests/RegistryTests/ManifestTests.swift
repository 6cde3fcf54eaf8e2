import Content
import OCI
import Testing

@testable import Registry

@Suite("Asking for a manifest")
struct ManifestTests {
    private static let text = #"{"schemaVersion":2}"#
    private let digest = SHA256.digest(of: Array(text.utf8))

    private func failure(
        _ response: FakeRegistry.Response, for suffix: String = ":latest", requests: Int = 1,
        _ configure: (inout RegistryConfiguration) -> Void = { _ in }
    ) throws -> RegistryError? {
        try FakeRegistry.serving({ _, _ in response }) { (server) throws in
            let image = try RecordedWaits().image(on: server, suffix, configure)
            let error = #expect(throws: RegistryError.self) { try image.root() }
            #expect(server.requests.count == requests)
            return error
        }
    }

    @Test func `a manifest comes with one request`() throws {
        let handler: FakeRegistry.Handler = { _, _ in
            .init(200, Self.text, headers: [("Content-Type", "Application/VND.oci.image.index.v1+json; charset=utf-8")])
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let image = try RecordedWaits().image(on: server)
            let document = try image.root()
            #expect(document.bytes == Array(Self.text.utf8))
            #expect(document.digest == digest)
            #expect(document.mediaType == MediaType.index)
            #expect(server.requests.map(\.target) == ["/v2/app/manifests/latest"])
            #expect(server.requests[0].headers["accept"]?.contains(MediaType.dockerManifestList) == true)
            #expect(server.requests[0].authorization == nil)
            #expect(image.name == "\(server.host)/app:latest")
        }
    }

    @Test func `a digest is asked for rather than a tag, and must match`() throws {
        try FakeRegistry.serving({ _, _ in .init(200, Self.text) }) { (server) throws in
            #expect(try RecordedWaits().image(on: server, ":1.0@\(digest)").root().digest == digest)
            #expect(server.requests.map(\.target) == ["/v2/app/manifests/\(digest)"])
        }
        let error = try failure(.init(200, Self.text), for: "@\(SHA256.digest(of: [1]))")
        #expect(error?.kind == .invalid)
    }

    @Test func `a manifest that a descriptor announces must have its digest and size`() throws {
        let size = Int64(Self.text.utf8.count)
        try FakeRegistry.serving({ _, _ in .init(200, Self.text) }) { (server) throws in
            let image = try RecordedWaits().image(on: server)
            func descriptor(_ digest: Digest, _ size: Int64) -> Descriptor {
                Descriptor(mediaType: MediaType.manifest, digest: digest, size: size)
            }
            #expect(try image.manifest(descriptor(digest, size)).digest == digest)
            for (wrong, kind) in [
                (descriptor(digest, size + 1), FailureKind.invalid),
                (descriptor(SHA256.digest(of: [1]), size), .invalid),
                (descriptor(digest, -1), .invalid), (descriptor(digest, 5 << 20), .tooLarge),
            ] {
                #expect(#expect(throws: RegistryError.self) { try image.manifest(wrong) }?.kind == kind)
            }
        }
    }

    @Test func `a Docker-Content-Digest that does not fit is an error`() throws {
        let other = SHA256.digest(of: [1]).description
        let error = try failure(.init(200, Self.text, headers: [("Docker-Content-Digest", other)]))
        #expect(error?.kind == .invalid)
    }

    @Test("a manifest over the limit is not read to its end", arguments: [true, false])
    func tooLarge(isChunked: Bool) throws {
        var response = FakeRegistry.Response(body: testBytes(1_000_000))
        if isChunked { response.contentLength = nil }
        let error = try failure(response) { $0.limits.maximumManifestByteCount = 10_000 }
        #expect(error?.kind == .tooLarge)
    }

    @Test func `an unknown image is not asked for again`() throws {
        let error = try failure(
            .init(404, #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest\u001b[31m unknown"}]}"#))
        #expect(error?.kind == .notFound)
        #expect(error?.description.contains("/app:latest: not found") == true)
        #expect(error?.description.contains("(MANIFEST_UNKNOWN: manifest [31m unknown)") == true)
    }

    @Test(
        "what a status means",
        arguments: [
            (400, FailureKind.invalid, 1), (403, .denied, 1), (404, .notFound, 1), (410, .notFound, 1),
            (418, .invalid, 1), (429, .unreachable, 5), (451, .denied, 1), (500, .unreachable, 5),
            (503, .unreachable, 5),
        ])
    func statuses(status: Int, kind: FailureKind, requests: Int) throws {
        let error = try failure(.init(status, "no JSON"), requests: requests)
        #expect(error?.kind == kind)
    }

    @Test func `Retry-After is honoured`() throws {
        let waits = RecordedWaits()
        let handler: FakeRegistry.Handler = { _, position in
            position == 0 ? .init(429, "", headers: [("Retry-After", "7")]) : .init(200, Self.text)
        }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try waits.image(on: server).root().digest == digest)
        }
        #expect(waits.seconds.count == 1)
        #expect(waits.seconds.allSatisfy { (7...7.25).contains($0) })
    }

    @Test func `a Retry-After beyond the time for retries ends them`() throws {
        let error = try failure(.init(503, "", headers: [("Retry-After", "3600")]))
        #expect(error?.kind == .unreachable)
    }

    @Test func `a refused connection is tried again, then unreachable`() throws {
        let waits = RecordedWaits()
        let server = try FakeRegistry { _, _ in .init(200, "") }
        server.stop()
        let error = #expect(throws: RegistryError.self) { try waits.image(on: server).root() }
        #expect(error?.kind == .unreachable)
        #expect(error?.description.contains(server.host) == true)
    }

    @Test func `what does not speak HTTP is told so`() throws {
        let error = try failure(.init(99, ""), requests: 1)
        #expect(error?.kind == .invalid)
    }

    @Test func `a head over the limit is an error`() throws {
        let error = try failure(
            .init(200, "", headers: (0..<40).map { ("X-\($0)", String(repeating: "a", count: 8_000)) }))
        #expect(error?.kind == .invalid)
    }

    @Test func `a config is checked against its digest and its limit`() throws {
        let blob = TestBlob(byteCount: 1_000)
        try FakeRegistry.serving({ request, _ in blob.response(to: request) }) { (server) throws in
            let image = try RecordedWaits().image(on: server)
            #expect(try image.config(blob.descriptor) == blob.bytes)
            var wrong = blob.descriptor
            wrong.digest = SHA256.digest(of: [1])
            #expect(#expect(throws: RegistryError.self) { try image.config(wrong) }?.kind == .invalid)
            wrong.size = 9 << 20
            #expect(#expect(throws: RegistryError.self) { try image.config(wrong) }?.kind == .tooLarge)
        }
    }

    @Test func `an insecure registry may speak plain HTTP, another one may not`() throws {
        // 0.0.0.0 leads to this machine, but is no loopback address to imgfs.
        try FakeRegistry.serving({ _, _ in .init(200, Self.text) }) { (server) throws in
            let reference = try Reference(parsing: "0.0.0.0:\(server.port)/app")
            let client = RecordedWaits().client()
            #expect(try client.image(reference, insecure: true).root().digest == digest)
            let error = #expect(throws: RegistryError.self) { try client.image(reference).root() }
            #expect(error?.description.contains("insecure") == true)
            #expect(server.requests.count == 1)
            // What worked is known from then on.
            #expect(try client.image(reference, insecure: true).root().digest == digest)
        }
    }

    @Test func `a loopback port that wants TLS gets TLS`() throws {
        let handler: FakeRegistry.Handler = { _, _ in .init(400, "Client sent an HTTP request to an HTTPS server.\n") }
        try FakeRegistry.serving(handler) { (server) throws in
            // The server does not really speak it; the error is that of the second protocol.
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).root() }
            #expect(error?.description.contains("https://\(server.host)") == true)
        }
    }
}
