import OCI
import Synchronization
import Testing

@testable import Registry

/// Parts that fail.
extension PartDownloadTests {
    @Test("a part that breaks off goes on where it was", arguments: [0, 1, 700_000, (1 << 20) - 1])
    func brokenPart(byteCount: Int) throws {
        let blob = blob
        let broken = Mutex(false)
        let part: FakeRegistry.Handler = { request, _ in
            var response = blob.response(to: request)
            if Self.number(of: request) == 4, broken.withLock({ broken in (!broken, broken = true).0 }) {
                response.sentByteCount = byteCount
                response.ending = .close
            }
            return response
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            let waits = RecordedWaits()
            #expect(try waits.image(on: server, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 10)
            #expect(server.requests.contains { $0.range == Self.range(4, from: byteCount) })
            #expect(waits.seconds.count == 1)
        }
    }

    @Test func `a part waits as long as the registry asks for`() throws {
        let blob = blob
        let refused = Mutex(false)
        let part: FakeRegistry.Handler = { request, _ in
            guard Self.number(of: request) == 3, refused.withLock({ refused in (!refused, refused = true).0 }) else {
                return blob.response(to: request)
            }
            return .init(429, "slowly", headers: [("Retry-After", "7")])
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            let waits = RecordedWaits()
            #expect(try waits.image(on: server, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
            #expect(waits.seconds.count == 1 && waits.seconds.allSatisfy { $0 >= 7 })
        }
    }

    @Test(
        "one stream goes on where a part failed for good, as on a host that limits the requests of one client",
        arguments: [403, 404, 429, 503])
    func failedPart(status: Int) throws {
        let blob = blob
        let part: FakeRegistry.Handler = { request, _ in
            Self.number(of: request) ?? 0 >= 4 ? .init(status, "no") : blob.response(to: request)
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            let image = try RecordedWaits().image(on: server, ":latest", Self.eager)
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.count { $0.range == Self.rest(from: 4) } == 1)
        }
    }

    @Test func `what that stream meets is the reader's error`() throws {
        let blob = blob
        let part: FakeRegistry.Handler = { request, _ in
            Self.number(of: request) == 4 || request.range == Self.rest(from: 4)
                ? .init(404, "gone") : blob.response(to: request)
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            var received: [UInt8] = []
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server, ":latest", Self.eager).stream(blob.descriptor, from: 0) {
                    received.append(contentsOf: $0)
                }
            }
            #expect(error?.kind == .notFound)
            #expect(error?.description.contains(blob.descriptor.digest.description) == true)
            #expect(received == Array(blob.bytes[..<(Self.leadByteCount + 4 * Self.partByteCount)]))
        }
    }

    @Test func `attempts at a part are bounded`() throws {
        let blob = blob
        let part: FakeRegistry.Handler = { request, _ in
            Self.number(of: request) == 4 ? .init(503, "busy") : blob.response(to: request)
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            let image = try RecordedWaits().image(on: server) {
                Self.eager(&$0)
                $0.maximumAttempts = 3
            }
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.count { Self.number(of: $0) == 4 } == 3)
        }
    }

    @Test func `the stream goes on alone when the first parts fail`() throws {
        let blob = blob
        let handler = handler(holds: untilRefused) { _, _ in .init(404, "gone", headers: [("Connection", "close")]) }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try RecordedWaits().image(on: server, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
            #expect((2...4).contains(server.requests.count))
        }
    }
}
