import OCI
import Testing

@testable import Registry

@Suite("Redirects")
struct RedirectTests {
    private let blob = TestBlob(byteCount: 10_000)

    private func redirect(_ location: String, _ status: Int = 307) -> FakeRegistry.Response {
        .init(status, headers: [("Location", location)])
    }

    /// A registry that wants Basic credentials and answers with `redirect` to whoever has them.
    private func withTwoServers(
        registry: @escaping FakeRegistry.Handler, storage: @escaping FakeRegistry.Handler,
        _ body: (RegistryImage, FakeRegistry, FakeRegistry) throws -> Void
    ) throws {
        try FakeRegistry.serving(storage) { (storage) throws in
            let handler: FakeRegistry.Handler = { request, position in
                if request.authorization == nil {
                    return .init(401, "", headers: [("WWW-Authenticate", "Basic realm=x")])
                }
                var response = registry(request, position)
                response.headers = response.headers.map {
                    ($0.0, $0.1.replacing("STORAGE", with: "http://\(storage.host)"))
                }
                return response
            }
            try FakeRegistry.serving(handler) { (registry) throws in
                let file = try TemporaryFile(
                    #"{"auths":{"\#(registry.host)":{"auth":"\#(Base64.encoded("ann:secret"))"}}}"#)
                let image = try RecordedWaits().image(on: registry, credentials: file.source)
                try body(image, registry, storage)
            }
        }
    }

    @Test("a redirect takes no Authorization to another origin", arguments: [301, 302, 303, 307, 308])
    func otherOrigin(status: Int) throws {
        let blob = blob
        try withTwoServers(
            registry: { _, _ in redirect("STORAGE/blob?secret=1", status) },
            storage: { request, _ in blob.response(to: request) }
        ) { (image, registry, storage) throws in
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(registry.requests.map(\.authorization) == [nil, "Basic " + Base64.encoded("ann:secret")])
            #expect(storage.requests.map(\.target) == ["/blob?secret=1"])
            #expect(storage.requests.map(\.authorization) == [nil])
            #expect(storage.requests[0].headers.values.allSatisfy { !$0.contains("secret") })
        }
    }

    @Test func `a redirect within the origin keeps Authorization`() throws {
        let blob = blob
        try withTwoServers(
            registry: { request, _ in request.path == "/here" ? blob.response(to: request) : redirect("/here") },
            storage: { _, _ in .init(500, "") }
        ) { (image, registry, _) throws in
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(registry.requests.last?.authorization != nil)
        }
    }

    @Test func `a presigned URL that has expired is asked for anew, once`() throws {
        let blob = blob
        try withTwoServers(
            registry: { _, position in redirect("STORAGE/blob?n=\(position)") },
            storage: { request, position in position == 0 ? .init(403, "expired") : blob.response(to: request) }
        ) { (image, registry, storage) throws in
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(storage.requests.count == 2)
            #expect(registry.requests.count == 3)
        }
        try withTwoServers(
            registry: { _, position in redirect("STORAGE/blob?n=\(position)") },
            storage: { _, _ in .init(403, "expired") }
        ) { (image, _, storage) throws in
            let error = #expect(throws: RegistryError.self) { try image.bytes(of: blob) }
            #expect(error?.kind == .denied)
            #expect(storage.requests.count == 2)
        }
    }

    @Test func `a transfer resumes through the redirect`() throws {
        let blob = blob
        try withTwoServers(
            registry: { _, _ in redirect("STORAGE/blob") },
            storage: { request, position in
                var response = blob.response(to: request)
                if position == 0 {
                    response.sentByteCount = 777
                    response.ending = .reset
                }
                return response
            }
        ) { (image, _, storage) throws in
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(storage.requests.map(\.range) == [nil, "bytes=777-9999"])
        }
    }

    @Test(
        "redirects that lead nowhere are errors",
        arguments: ["/v2/app/blobs/again", "ftp://host/x", "", "http://", "javascript:1"])
    func nowhere(location: String) throws {
        try FakeRegistry.serving({ _, _ in redirect(location) }) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(error?.kind == .invalid)
            #expect(server.requests.count <= 2)
        }
    }

    @Test func `redirects without end are errors`() throws {
        try FakeRegistry.serving({ _, position in redirect("/\(position)") }) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(error?.kind == .invalid)
            #expect(server.requests.count == HTTPClient.maximumRedirects + 1)
        }
    }
}
