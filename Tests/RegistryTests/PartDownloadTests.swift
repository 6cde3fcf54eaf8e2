import Logging
import OCI
import Testing
import Threads

@testable import Registry

@Suite("A blob in parts")
struct PartDownloadTests {
    static let partByteCount = 1 << 20
    /// What the stream brings before the first part.
    static let leadByteCount = partByteCount + 300_000
    /// Shared: making it takes its time. Eight parts.
    static let shared = TestBlob(byteCount: leadByteCount + 8 * partByteCount)
    let blob = shared

    static func range(_ number: Int, from skipped: Int = 0) -> String {
        let start = leadByteCount + number * partByteCount
        return "bytes=\(start + skipped)-\(start + partByteCount - 1)"
    }

    /// Of the one request that goes on where the parts failed.
    static func rest(from number: Int) -> String {
        "bytes=\(leadByteCount + number * partByteCount)-\(shared.bytes.count - 1)"
    }

    static func number(of request: FakeRegistry.Request) -> Int? {
        (0..<8).first { request.range == range($0) }
    }

    /// Parts as soon as a blob is over 2 MiB.
    static func eager(_ configuration: inout RegistryConfiguration) {
        configuration.parts.byteCount = Int64(partByteCount)
        configuration.parts.thresholdByteCount = 2 << 20
        configuration.parts.benefit = PartBenefit(
            minimumLatencySeconds: 0, minimumWaitSeconds: 0, minimumWaitShare: 0, minimumLatenciesLeft: 0,
            leadLatencies: 0)
    }

    /// A stream that has hardly more than the lead as long as `holds`, and never ends by itself when that is nil; the
    /// requests for parts are answered by `part`.
    func handler(
        holds: (@Sendable (_ requestCount: Int, _ connectionCount: Int) -> Bool)? = nil,
        _ part: @escaping FakeRegistry.Handler
    ) -> FakeRegistry.Handler {
        let blob = blob
        return { request, position in
            guard request.range == nil, position == 0 else { return part(request, position) }
            var response = blob.response(to: request)
            response.sentByteCount = Self.leadByteCount
            response.ending = .drip(holds ?? { _, _ in true })
            return response
        }
    }

    /// The stream goes on when parts have been asked for and broken off; one that is given up early is never asked for.
    let untilRefused: @Sendable (Int, Int) -> Bool = { requestCount, connectionCount in
        requestCount < 2 || connectionCount > 1
    }

    @Test func `parts take over from the stream, and their bytes come in order`() throws {
        let blob = blob
        let askedCount = Monitor(0)
        let part: FakeRegistry.Handler = { request, _ in
            askedCount.change { $0 += 1 }
            // Nothing takes over before all are there that are asked for beside the stream.
            if Self.number(of: request) == 0 { _ = askedCount.wait(seconds: 30) { $0 >= 3 } }
            return blob.response(to: request)
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            #expect(try RecordedWaits().image(on: server, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
            let ranges = server.requests.map(\.range)
            #expect(ranges.count == 9)
            #expect(Set(ranges) == Set([nil] + (0..<8).map { Self.range($0) }))
            #expect(Set(ranges.prefix(4)) == Set([nil] + (0..<3).map { Self.range($0) }))
        }
    }

    @Test func `a resumed blob is fetched in parts too`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, position in
            var response = blob.response(to: request)
            if position == 0 {
                response.sentByteCount = Self.leadByteCount - 70_000
                response.ending = .drip { _, _ in true }
            }
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            let image = try RecordedWaits().image(on: server, ":latest", Self.eager)
            #expect(try image.bytes(of: blob, from: 70_000) == Array(blob.bytes[70_000...]))
            #expect(server.requests.map(\.range).first == "bytes=70000-\(blob.bytes.count - 1)")
            #expect(Set(server.requests.dropFirst().map(\.range)) == Set((0..<8).map { Self.range($0) }))
        }
    }

    @Test func `no part is asked for far ahead of the reader`() throws {
        let blob = blob
        try FakeRegistry.serving(handler { request, _ in blob.response(to: request) }) { (server) throws in
            var offset = 0
            try RecordedWaits().image(on: server, ":latest", Self.eager).stream(blob.descriptor, from: 0) { bytes in
                // Of the four parts that are open the first holds the byte at `offset`.
                let open = max(0, offset - Self.leadByteCount) / Self.partByteCount + 3
                let asked = server.requests.compactMap { Self.number(of: $0) }.max() ?? 0
                #expect(asked <= open)
                offset += bytes.count
            }
            #expect(offset == blob.bytes.count)
        }
    }

    @Test func `parts that are ready take over from a stream that broke off`() throws {
        let blob = blob
        let part: FakeRegistry.Handler = { request, _ in
            Self.number(of: request) == nil ? .init(503, "busy") : blob.response(to: request)
        }
        let handler: FakeRegistry.Handler = { request, position in
            guard position == 0 else { return part(request, position) }
            return .init(body: blob.bytes, sentByteCount: Self.leadByteCount, ending: .close)
        }
        try FakeRegistry.serving(handler) { (server) throws in
            var configuration = RegistryConfiguration()
            Self.eager(&configuration)
            // The stream is asked for again and again until a part is ready.
            configuration.maximumAttempts = 500
            configuration.firstRetryWaitSeconds = 0.02
            configuration.maximumRetryWaitSeconds = 0.02
            let client = RegistryClient(
                configuration: configuration, logger: .init(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let image = client.image(try Reference(parsing: "\(server.host)/app"))
            #expect(try image.bytes(of: blob) == blob.bytes)
        }
    }

    @Test func `a stream that is faster than the first parts is joined by others`() throws {
        let blob = blob
        let hasSecondPlan = Monitor(false)
        let handler: FakeRegistry.Handler = { request, position in
            guard position > 0 else {
                let sentByteCount = Self.leadByteCount + 6 * Self.partByteCount
                return .init(body: blob.bytes, sentByteCount: sentByteCount, ending: .drip { _, _ in true })
            }
            if Self.number(of: request) ?? 0 > 3 {
                hasSecondPlan.change { $0 = true }
            } else {
                _ = hasSecondPlan.wait(seconds: 10) { $0 }
            }
            return blob.response(to: request)
        }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try RecordedWaits().image(on: server, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
            #expect(server.requests.contains { Self.number(of: $0) == 7 })
        }
    }
}
