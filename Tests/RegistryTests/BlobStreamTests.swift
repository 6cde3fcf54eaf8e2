import Content
import Logging
import OCI
import Synchronization
import Testing

@testable import Registry

@Suite("Streaming a blob")
struct BlobStreamTests {
    private let blob = TestBlob(byteCount: 100_000)

    @Test func `a blob comes whole with one request`() throws {
        let blob = blob
        try FakeRegistry.serving({ request, _ in blob.response(to: request) }) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob) == blob.bytes)
            #expect(server.requests.map(\.path) == [blob.path])
            #expect(server.requests[0].range == nil)
        }
    }

    @Test func `a blob is asked for from an offset on`() throws {
        let blob = blob
        try FakeRegistry.serving({ request, _ in blob.response(to: request) }) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob, from: 99_990) == Array(blob.bytes[99_990...]))
            #expect(server.requests[0].range == "bytes=99990-99999")
        }
    }

    @Test func `nothing is asked for when nothing is missing`() throws {
        let blob = blob
        try FakeRegistry.serving({ request, _ in blob.response(to: request) }) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob, from: 100_000).isEmpty)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        "a transfer that breaks off goes on where it was",
        arguments: [0, 1, 2, 16_383, 16_384, 50_000, 99_999], [FakeRegistry.Response.Ending.close, .reset])
    func resumes(byteCount: Int, ending: FakeRegistry.Response.Ending) throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            if position == 0 {
                response.sentByteCount = byteCount
                response.ending = ending
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let waits = RecordedWaits()
            #expect(try waits.image(on: server).bytes(of: blob) == blob.bytes)
            #expect(server.requests.map(\.range) == [nil, byteCount == 0 ? nil : "bytes=\(byteCount)-99999"])
            #expect(waits.seconds.count == 1)
        }
    }

    @Test func `a broken chunked transfer goes on where it was`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            response.contentLength = nil
            if position == 0 {
                response.sentByteCount = 30_000
                response.ending = .close
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob) == blob.bytes)
            #expect(server.requests.map(\.range) == [nil, "bytes=30000-99999"])
        }
    }

    @Test func `a break after the last byte does not matter`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, _ in
            var response = blob.response(to: request)
            response.contentLength = nil
            response.ending = .reset
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `attempts are counted anew after each progress`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            if position < 12 {
                response.sentByteCount = 5_000
                response.ending = .close
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let image = try RecordedWaits().image(on: server) { $0.maximumAttempts = 2 }
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 13)
        }
    }

    @Test func `attempts without progress are bounded`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            response.sentByteCount = position == 0 ? 5_000 : 0
            response.ending = .close
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server) { $0.maximumAttempts = 4 }.bytes(of: blob)
            }
            #expect(error?.kind == .unreachable)
            #expect(server.requests.count == 4)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a transfer that stalls is begun again`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            if position == 0 {
                response.sentByteCount = 70_000
                response.ending = .stall
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let image = try RecordedWaits().image(on: server) { $0.idleTimeoutSeconds = 1 }
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.map(\.range) == [nil, "bytes=70000-99999"])
        }
    }

    @Test func `a server without ranges is understood`() throws {
        try FakeRegistry.serving(blob.withoutRanges) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 2)
        }
    }

    @Test func `a range that begins too early is understood`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { _, _ in
            .init(206, headers: [("Content-Range", "bytes 10-99999/100000")], body: Array(blob.bytes[10...]))
        }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try RecordedWaits().image(on: server).bytes(of: blob, from: 15) == Array(blob.bytes[15...]))
        }
    }

    @Test(
        "a wrong Content-Range is an error",
        arguments: [nil, "bytes 11-99999/100000", "bytes 0-9/100000", "bytes 10-99999/100001", "bytes */100000", "x"])
    func wrongRange(value: String?) throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { _, _ in
            .init(206, headers: value.map { [("Content-Range", $0)] } ?? [], body: Array(blob.bytes[10...]))
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server).bytes(of: blob, from: 10)
            }
            #expect(error?.kind == .invalid)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a blob longer than announced is an error before its first byte`() throws {
        let blob = blob
        try FakeRegistry.serving({ _, _ in .init(body: blob.bytes + [1]) }) { (server) throws in
            var received = 0
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server).stream(blob.descriptor, from: 0) { received += $0.count }
            }
            #expect(error?.kind == .invalid)
            #expect(received == 0)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a blob that turns out longer than announced is an error`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { _, _ in
            var response = FakeRegistry.Response(body: blob.bytes + testBytes(50_000))
            response.contentLength = nil
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            var received = 0
            let error = #expect(throws: RegistryError.self) {
                try RecordedWaits().image(on: server).stream(blob.descriptor, from: 0) { received += $0.count }
            }
            #expect(error?.kind == .invalid)
            #expect(received <= blob.bytes.count)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a blob shorter than announced is asked for once more and is an error then`() throws {
        let blob = blob
        let short = TestBlob(byteCount: 60_000)
        try FakeRegistry.serving({ request, _ in short.response(to: request) }) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(error?.kind == .invalid)
            #expect(server.requests.map(\.range) == [nil, "bytes=60000-99999"])
        }
    }

    @Test func `content that changes in mid-transfer is an error`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            response.headers.append(("ETag", "\"\(position)\""))
            if position == 0 {
                response.sentByteCount = 1_000
                response.ending = .close
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(error?.kind == .invalid)
            #expect(server.requests.count == 2)
        }
    }

    @Test func `a registry that gives another blob is found out by its header`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, _ in
            var response = blob.response(to: request)
            response.headers.append(("Docker-Content-Digest", SHA256.digest(of: [1]).description))
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(error?.kind == .invalid)
        }
    }

    @Test("server errors in mid-transfer are waited out", arguments: [408, 429, 500, 502, 503, 504])
    func serverErrors(status: Int) throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            if position == 1 || position == 2 { return .init(status, "busy") }
            var response = blob.response(to: request)
            if position == 0 {
                response.sentByteCount = 1_000
                response.ending = .close
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let waits = RecordedWaits()
            #expect(try waits.image(on: server).bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 4)
            #expect(waits.seconds.count == 3)
        }
    }

    @Test func `a blob that is not there is not asked for again`() throws {
        let blob = blob
        try FakeRegistry.serving({ _, _ in .init(404, #"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#) }) { (server) throws in
            let error = #expect(throws: RegistryError.self) { try RecordedWaits().image(on: server).bytes(of: blob) }
            #expect(error?.kind == .notFound)
            #expect(error?.description.contains("BLOB_UNKNOWN") == true)
            #expect(error?.description.contains(blob.descriptor.digest.description) == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `an error of the sink ends the stream and is thrown on`() throws {
        struct Full: Error {}
        let blob = blob
        try FakeRegistry.serving({ request, _ in blob.response(to: request) }) { (server) throws in
            #expect(throws: Full.self) {
                try RecordedWaits().image(on: server).stream(blob.descriptor, from: 0) { _ in throw Full() }
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a shutdown ends a transfer that stalls`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, _ in
            var response = blob.response(to: request)
            response.sentByteCount = 10
            response.ending = .stall
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let client = RecordedWaits().client()
            let image = client.image(try Reference(parsing: "\(server.host)/app"))
            let error = #expect(throws: RegistryError.self) {
                try image.stream(blob.descriptor, from: 0) { _ in client.shutdown() }
            }
            #expect(error?.kind == .cancelled)
            #expect(throws: RegistryError.self) { try image.root() }
            #expect(server.requests.count == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a shutdown ends the wait for the next attempt`() throws {
        let blob = blob
        try FakeRegistry.serving({ _, _ in .init(503, "", headers: [("Retry-After", "50")]) }) { (server) throws in
            let client = RegistryClient(logger: .init(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let image = client.image(try Reference(parsing: "\(server.host)/app"))
            FakeRegistry.startThread {
                while server.requests.isEmpty {}
                client.shutdown()
            }
            #expect(throws: RegistryError.self) { try image.bytes(of: blob) }
        }
    }
}
