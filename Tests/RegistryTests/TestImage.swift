import Content
import Logging
import OCI
import Synchronization

@testable import Registry

/// Bytes that differ from place to place.
func testBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}

/// Many such bytes, soon made: each 4 KiB begin with their number.
func manyTestBytes(_ count: Int) -> [UInt8] {
    let page = testBytes(4096)
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, initializedCount in
        while initializedCount < count {
            let length = min(page.count, count - initializedCount)
            let room = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(bytes)[initializedCount..<initializedCount + length])
            room.copyBytes(from: page[..<length])
            if length >= 8 { room.storeBytes(of: initializedCount, as: Int.self) }
            initializedCount += length
        }
    }
}

/// A blob that a test server gives out, well or badly.
struct TestBlob: Sendable {
    let bytes: [UInt8]
    let descriptor: Descriptor

    init(byteCount: Int) {
        bytes = byteCount > 1 << 20 ? manyTestBytes(byteCount) : testBytes(byteCount)
        descriptor = Descriptor(
            mediaType: MediaType.layerGzip, digest: SHA256.digest(of: bytes), size: Int64(byteCount))
    }

    var path: String { "/v2/app/blobs/\(descriptor.digest)" }

    /// A server that knows no ranges and breaks off its first answer after 40,001 bytes.
    var withoutRanges: FakeRegistry.Handler {
        { [bytes] _, position in
            .init(
                body: bytes, sentByteCount: position == 0 ? 40_001 : nil,
                ending: position == 0 ? .close : .keepAlive)
        }
    }

    /// What a good registry answers.
    func response(to request: FakeRegistry.Request) -> FakeRegistry.Response {
        guard let range = request.range else { return .init(body: bytes) }
        let ends = range.dropFirst("bytes=".count).split(separator: "-").map { Int($0) ?? 0 }
        guard ends[0] < bytes.count else { return .init(416, headers: [("Content-Range", "bytes */\(bytes.count)")]) }
        let last = ends.count > 1 ? min(ends[1], bytes.count - 1) : bytes.count - 1
        return .init(
            206, headers: [("Content-Range", "bytes \(ends[0])-\(last)/\(bytes.count)")],
            body: Array(bytes[ends[0]...last]))
    }
}

/// The waits that a client made, in place of sleeping.
final class RecordedWaits: Sendable {
    private let waits = Mutex<[Double]>([])

    var seconds: [Double] { waits.withLock { $0 } }

    func client(_ configure: (inout RegistryConfiguration) -> Void = { _ in }) -> RegistryClient {
        var configuration = RegistryConfiguration()
        configuration.connectTimeoutSeconds = 5
        configuration.idleTimeoutSeconds = 20
        configure(&configuration)
        return RegistryClient(
            configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) {
            seconds in self.waits.withLock { $0.append(seconds) }
        }
    }

    func image(
        on server: FakeRegistry, _ suffix: String = ":latest", credentials: CredentialSource = .anonymous,
        _ configure: (inout RegistryConfiguration) -> Void = { _ in }
    ) throws -> RegistryImage {
        client(configure).image(try Reference(parsing: "\(server.host)/app\(suffix)"), credentials: credentials)
    }
}

extension RegistryImage {
    /// All bytes of a blob from `offset` on.
    func bytes(of blob: TestBlob, from offset: Int64 = 0) throws -> [UInt8] {
        var result: [UInt8] = []
        try stream(blob.descriptor, from: offset) { result.append(contentsOf: $0) }
        return result
    }
}
