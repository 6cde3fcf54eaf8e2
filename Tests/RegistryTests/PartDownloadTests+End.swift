import Logging
import OCI
import Testing

@testable import Registry

/// Parts that nobody wants any more.
extension PartDownloadTests {
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
