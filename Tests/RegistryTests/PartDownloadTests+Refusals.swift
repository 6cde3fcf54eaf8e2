import Content
import OCI
import Testing

@testable import Registry

/// Servers that do not answer ranges, or not well.
extension PartDownloadTests {
    enum BadAnswer: CaseIterable {
        case whole, noRange, otherRange, longerRange, shorterRange, otherTotal, otherTag, otherDigest, notSatisfiable

        func response(to request: FakeRegistry.Request, of blob: TestBlob) -> FakeRegistry.Response {
            var response = blob.response(to: request)
            let size = blob.bytes.count
            let ends = (request.range ?? "").split { !$0.isNumber }.compactMap { Int($0) }
            guard ends.count == 2 else { return response }
            func set(_ first: Int, _ last: Int, _ total: Int) {
                response.headers = [("Content-Range", "bytes \(first)-\(last)/\(total)")]
            }
            switch self {
            case .whole: return .init(body: blob.bytes)
            case .noRange: response.headers = []
            case .otherRange:
                set(ends[0] - 1, ends[1] - 1, size)
                response.body = Array(blob.bytes[ends[0] - 1..<ends[1]])
            case .longerRange: set(ends[0], ends[1] + 1, size)
            case .shorterRange: set(ends[0], ends[1] - 1, size)
            case .otherTotal: set(ends[0], ends[1], size + 1)
            case .otherTag: response.headers.append(("ETag", "\"other\""))
            case .otherDigest:
                response.headers.append(("Docker-Content-Digest", SHA256.digest(of: [1]).description))
            case .notSatisfiable: return .init(416, "", headers: [("Content-Range", "bytes */\(size)")])
            }
            return response
        }
    }

    /// For the next blob from there. Requests that were given up may still come for the one before.
    private func expectOneRequest(_ image: RegistryImage, _ server: FakeRegistry) throws {
        var next = blob.descriptor
        next.digest = SHA256.digest(of: [2])
        try image.stream(next, from: 0) { _ in }
        #expect(server.requests.count { $0.path.hasSuffix(next.digest.description) } == 1)
    }

    /// With an ETag where no range was asked for, which that of a bad answer differs from.
    private func tagging(_ handler: @escaping FakeRegistry.Handler) -> FakeRegistry.Handler {
        { request, position in
            var response = handler(request, position)
            if request.range == nil { response.headers.append(("ETag", "\"first\"")) }
            return response
        }
    }

    @Test("a server that does not answer ranges well is left alone from then on", arguments: BadAnswer.allCases)
    func refusal(bad: BadAnswer) throws {
        let blob = blob
        let good = handler(holds: untilRefused) { request, _ in bad.response(to: request, of: blob) }
        let handler = tagging(good)
        try FakeRegistry.serving(handler) { (server) throws in
            let image = try RecordedWaits().image(on: server, ":latest", Self.eager)
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.count { $0.range == nil } == 1)
            try expectOneRequest(image, server)
        }
    }

    @Test("a server that stops answering ranges well costs the reader nothing", arguments: BadAnswer.allCases)
    func lateRefusal(bad: BadAnswer) throws {
        let blob = blob
        let answer: FakeRegistry.Handler = { request, _ in
            Self.number(of: request) ?? 0 >= 5 ? bad.response(to: request, of: blob) : blob.response(to: request)
        }
        let good = handler(answer)
        let handler = tagging(good)
        try FakeRegistry.serving(handler) { (server) throws in
            let image = try RecordedWaits().image(on: server, ":latest", Self.eager)
            #expect(try image.bytes(of: blob) == blob.bytes)
            // What is there is not asked for again.
            #expect(server.requests.count { $0.range == nil } == 1)
            #expect(server.requests.count { $0.range == Self.rest(from: 5) } == 1)
            try expectOneRequest(image, server)
        }
    }

    @Test(
        "where no range is answered well, the blob is begun again",
        arguments: BadAnswer.allCases.filter { $0 != .otherTag })
    func noGoodRange(bad: BadAnswer) throws {
        let blob = blob
        let answer: FakeRegistry.Handler = { request, _ in
            let isBad = Self.number(of: request) ?? 5 >= 5
            return isBad ? bad.response(to: request, of: blob) : blob.response(to: request)
        }
        try FakeRegistry.serving(handler(answer)) { (server) throws in
            let image = try RecordedWaits().image(on: server, ":latest", Self.eager)
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.count { $0.range == Self.rest(from: 5) } == 1)
            #expect(server.requests.count { $0.range == nil } <= 2)
        }
    }

    @Test func `a server that ignored the range of a resumed stream is asked for no parts`() throws {
        try FakeRegistry.serving(blob.withoutRanges) { (server) throws in
            let image = try RecordedWaits().image(on: server, ":latest", Self.eager)
            #expect(try image.bytes(of: blob, from: 1 << 20) == Array(blob.bytes[(1 << 20)...]))
            #expect(server.requests.count == 2)
        }
    }

    @Test(
        "one request where there is nothing to gain",
        arguments: [
            { $0.maximumParts = 1 }, { $0.parts.thresholdByteCount = 100 << 20 },
            { $0.parts.benefit.minimumLatencySeconds = 60 }, { $0.parts.benefit.minimumWaitSeconds = 60 },
            { $0.parts.benefit.minimumLatenciesLeft = .infinity }, { $0.parts.benefit.leadLatencies = .infinity },
        ] as [@Sendable (inout RegistryConfiguration) -> Void])
    func oneStream(configure: @escaping @Sendable (inout RegistryConfiguration) -> Void) throws {
        let blob = blob
        try FakeRegistry.serving({ request, _ in blob.response(to: request) }) { (server) throws in
            let image = try RecordedWaits().image(on: server) {
                Self.eager(&$0)
                configure(&$0)
            }
            #expect(try image.bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `a server that says that it has no ranges is believed`() throws {
        let blob = blob
        let handler: FakeRegistry.Handler = { request, _ in
            var response = blob.response(to: request)
            response.headers.append(("Accept-Ranges", "none"))
            return response
        }
        try FakeRegistry.serving(handler) { (server) throws in
            #expect(try RecordedWaits().image(on: server, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
            #expect(server.requests.count == 1)
        }
    }
}
