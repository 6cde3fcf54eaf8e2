import Content
import Logging
import OCI
import Synchronization
import Testing
import Threads

@testable import Registry

@Suite("A blob in parts")
struct PartDownloadTests {
    private static let partByteCount = 1 << 20
    /// What the stream brings before the first part.
    private static let leadByteCount = partByteCount + 300_000
    /// Shared: making it takes its time. Eight parts.
    private static let shared = TestBlob(byteCount: leadByteCount + 8 * partByteCount)
    private let blob = shared

    private static func range(_ number: Int, from skipped: Int = 0) -> String {
        let start = leadByteCount + number * partByteCount
        return "bytes=\(start + skipped)-\(start + partByteCount - 1)"
    }

    private static func number(of request: FakeRegistry.Request) -> Int? {
        (0..<8).first { request.range == range($0) }
    }

    /// Parts as soon as a blob is over 2 MiB.
    private static func eager(_ configuration: inout RegistryConfiguration) {
        configuration.parts.byteCount = Int64(partByteCount)
        configuration.parts.thresholdByteCount = 2 << 20
        configuration.parts.benefit = PartBenefit(
            minimumLatencySeconds: 0, minimumWaitSeconds: 0, minimumWaitShare: 0, minimumLatenciesLeft: 0,
            leadLatencies: 0)
    }

    /// A stream that has hardly more than the lead as long as `holds`, and never ends by itself when that is nil; the
    /// requests for parts are answered by `part`.
    private func handler(
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
    private let untilRefused: @Sendable (Int, Int) -> Bool = { requestCount, connectionCount in
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

    /// Of the one request that goes on where the parts failed.
    private static func rest(from number: Int) -> String {
        "bytes=\(leadByteCount + number * partByteCount)-\(shared.bytes.count - 1)"
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
        let blob = blob
        let handler: FakeRegistry.Handler = { _, position in
            .init(
                body: blob.bytes, sentByteCount: position == 0 ? 40_001 : nil,
                ending: position == 0 ? .close : .keepAlive)
        }
        try FakeRegistry.serving(handler) { (server) throws in
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

    @Test func `credentials stay with the registry, whose redirect is used until it expires`() throws {
        let blob = blob
        let stream = handler { request, _ in
            let isExpired = request.query == "secret=1" && Self.number(of: request) ?? 0 >= 4
            return isExpired ? .init(403, "expired") : blob.response(to: request)
        }
        try FakeRegistry.serving(stream) { (storage) throws in
            let locationCount = Mutex(0)
            let handler: FakeRegistry.Handler = { request, _ in
                guard request.authorization != nil else {
                    return .init(401, "", headers: [("WWW-Authenticate", "Basic realm=x")])
                }
                let number = locationCount.withLock { count in
                    count += 1
                    return count
                }
                return .init(307, headers: [("Location", "http://\(storage.host)/blob?secret=\(number)")])
            }
            try FakeRegistry.serving(handler) { (registry) throws in
                let file = try TemporaryFile(
                    #"{"auths":{"\#(registry.host)":{"auth":"\#(Base64.encoded("ann:secret"))"}}}"#)
                let waits = RecordedWaits()
                let image = try waits.image(on: registry, credentials: file.source, Self.eager)
                #expect(try image.bytes(of: blob) == blob.bytes)
                #expect(storage.requests.allSatisfy { $0.authorization == nil })
                // The stream's, and one for each part that found the URL expired, or just forgotten.
                #expect((2...8).contains(registry.requests.count { $0.authorization != nil }))
                #expect(waits.seconds.isEmpty)
            }
        }
    }

    @Test func `a storage host that is busy is waited for, and its URL kept`() throws {
        let blob = blob
        let isRefused = Mutex(false)
        let stream = handler { request, _ in
            guard Self.number(of: request) == 4, isRefused.withLock({ isRefused in (!isRefused, isRefused = true).0 })
            else { return blob.response(to: request) }
            return .init(503, "busy", headers: [("Retry-After", "7")])
        }
        try FakeRegistry.serving(stream) { (storage) throws in
            let location = "http://\(storage.host)/blob"
            try FakeRegistry.serving({ _, _ in .init(307, headers: [("Location", location)]) }) { (registry) throws in
                let waits = RecordedWaits()
                #expect(try waits.image(on: registry, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
                #expect(waits.seconds.count == 1 && waits.seconds.allSatisfy { $0 >= 7 })
                #expect(registry.requests.count == 1)
            }
        }
    }

    @Test func `a host that the registry no longer redirects to is given up`() throws {
        let blob = blob
        let isGone = Mutex(false)
        let good: FakeRegistry.Handler = { request, _ in blob.response(to: request) }
        let old: FakeRegistry.Handler = { request, position in
            guard Self.number(of: request) ?? 0 >= 3 else { return handler(good)(request, position) }
            isGone.withLock { $0 = true }
            var response = blob.response(to: request)
            response.sentByteCount = 0
            response.ending = .close
            return response
        }
        try FakeRegistry.serving(good) { (newStorage) throws in
            try FakeRegistry.serving(old) { (oldStorage) throws in
                let registry: FakeRegistry.Handler = { _, _ in
                    let host = isGone.withLock { $0 } ? newStorage.host : oldStorage.host
                    return .init(307, headers: [("Location", "http://\(host)/blob")])
                }
                try FakeRegistry.serving(registry) { (registry) throws in
                    let image = try RecordedWaits().image(on: registry, ":latest", Self.eager)
                    #expect(try image.bytes(of: blob) == blob.bytes)
                    #expect(newStorage.requests.contains { Self.number(of: $0) == 7 })
                }
            }
        }
    }

    @Test func `an error of the sink ends the parts and is thrown on`() throws {
        struct Full: Error {}
        let blob = blob
        try FakeRegistry.serving(handler { request, _ in blob.response(to: request) }) { (server) throws in
            var offset = 0
            #expect(throws: Full.self) {
                try RecordedWaits().image(on: server, ":latest", Self.eager).stream(blob.descriptor, from: 0) {
                    offset += $0.count
                    if offset > 3 << 20 { throw Full() }
                }
            }
            #expect(server.requests.count < 9)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a shutdown ends parts whose bytes flow`() throws {
        let blob = blob
        let part: FakeRegistry.Handler = { request, _ in
            var response = blob.response(to: request)
            if Self.number(of: request) == 2 {
                response.sentByteCount = 10
                response.ending = .drip { _, _ in true }
            }
            return response
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            let client = RecordedWaits().client(Self.eager)
            let image = client.image(try Reference(parsing: "\(server.host)/app"))
            var offset = 0
            let error = #expect(throws: RegistryError.self) {
                try image.stream(blob.descriptor, from: 0) {
                    offset += $0.count
                    if offset > Self.leadByteCount + 2 * Self.partByteCount { client.shutdown() }
                }
            }
            #expect(error?.kind == .cancelled)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a shutdown ends parts that stall, and those that wait`() throws {
        let blob = blob
        let part: FakeRegistry.Handler = { request, _ in
            switch Self.number(of: request) {
            case 3?: return .init(503, "", headers: [("Retry-After", "50")])
            case 2?:
                var response = blob.response(to: request)
                response.sentByteCount = 10
                response.ending = .stall
                return response
            default: return blob.response(to: request)
            }
        }
        try FakeRegistry.serving(handler(part)) { (server) throws in
            let client = RegistryClient(
                configuration: {
                    var configuration = RegistryConfiguration()
                    Self.eager(&configuration)
                    return configuration
                }(), logger: .init(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let image = client.image(try Reference(parsing: "\(server.host)/app"))
            let end = Self.leadByteCount + 2 * Self.partByteCount
            var offset = 0
            let error = #expect(throws: RegistryError.self) {
                try image.stream(blob.descriptor, from: 0) {
                    offset += $0.count
                    if offset > end { client.shutdown() }
                }
            }
            #expect(error?.kind == .cancelled)
            #expect(offset == end + 10)
        }
    }
}
