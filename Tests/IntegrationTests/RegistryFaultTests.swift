import Glibc
import OCI
import Synchronization
import Testing

/// What a registry, or the network before it, can do to a pull.
@Suite(.serialized)
struct RegistryFaultTests {
    private let remote: RemoteImage
    private let installation: Installation
    private let layerPath: String
    private let layerSize: Int

    init() throws {
        remote = try RemoteImage(scripts: ["head -c 3000000 /dev/urandom >data; sha256sum data >sum"])
        installation = try Installation()
        try installation.startDaemon(
            "--connect-timeout", "2", "--idle-timeout", "1", "--attempts", "3", "--retry-time", "6")
        layerPath = remote.image.layers[0].digest.description
        layerSize = remote.image.layers[0].size
    }

    private func expectRightContent(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let target = try installation.mount(remote.reference)
        let check = try run("sh", "-c", "cd '\(target)' && sha256sum -c sum")
        #expect(check.succeeded, "\(check.text) \(installation.daemonLog)", sourceLocation: sourceLocation)
    }

    /// Each byte of the layer came once: the ranges that were asked for go on where the last one ended.
    private func expectResumed(sourceLocation: SourceLocation = #_sourceLocation) {
        let fetched = remote.layerRequests.map(\.byteCount).reduce(0, +)
        #expect(fetched >= layerSize && fetched < layerSize + (1 << 20), "\(fetched)", sourceLocation: sourceLocation)
    }

    @Test(arguments: [0, 1, 1000, 65536, 1_500_001, 2_999_000])
    func `a connection that breaks off is resumed where it broke`(position: Int) throws {
        let path = layerPath
        let breaks = Refusals(1)
        remote.proxy.setRule { request, _ in
            request.path.hasSuffix(path) && breaks.next() ? .cut(afterBytes: position) : .pass
        }
        try expectRightContent()
        expectResumed()
        #expect(remote.layerRequests.count == 2)
    }

    @Test(arguments: [1, 700_000, 2_999_000])
    func `a connection that is reset is resumed`(position: Int) throws {
        let path = layerPath
        let breaks = Refusals(1)
        remote.proxy.setRule { request, _ in
            request.path.hasSuffix(path) && breaks.next() ? .reset(afterBytes: position) : .pass
        }
        try expectRightContent()
    }

    @Test func `a connection that breaks off again and again makes progress`() throws {
        let path = layerPath
        remote.proxy.setRule { request, _ in request.path.hasSuffix(path) ? .cut(afterBytes: 400_000) : .pass }
        try expectRightContent()
        expectResumed()
    }

    @Test func `a stalled connection is given up and resumed`() throws {
        let path = layerPath
        remote.proxy.setRule { request, _ in
            request.path.hasSuffix(path) && request.range == nil ? .stall(afterBytes: 700_000) : .pass
        }
        try expectRightContent()
        expectResumed()
    }

    @Test(arguments: [500, 502, 503, 429])
    func `a server that is busy for a moment is asked again`(status: Int) throws {
        let path = layerPath
        let refusals = Refusals(2)
        remote.proxy.setRule { request, _ in
            guard request.path.hasSuffix(path), refusals.next() else { return .pass }
            return .answer(
                "HTTP/1.1 \(status) Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        try expectRightContent()
    }

    @Test func `a server that answers 200 to a Range request is understood`() throws {
        let path = layerPath
        remote.proxy.setRule { request, _ in
            guard request.path.hasSuffix(path) else { return .pass }
            return request.range == nil ? .cut(afterBytes: 1_000_000) : .ignoreRange
        }
        try expectRightContent()
    }

    @Test func `one layer that is missing is an error that names it, until it is there again`() throws {
        let path = layerPath
        remote.proxy.setRule { request, _ in
            request.path.hasSuffix(path)
                ? .answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") : .pass
        }
        let target = try installation.mount(remote.reference)
        let list = try run("ls", target)
        #expect(list.status != 0 && list.errors.contains("Input/output error"), "\(list.text)")
        #expect(installation.daemonLog.contains(path))
        remote.proxy.setRule { _, _ in .pass }
        #expect(try eventually { try run("ls", target).succeeded })
    }

    @Test func `a redirect loop ends`() throws {
        let path = layerPath
        let host = remote.proxy.host
        remote.proxy.setRule { request, _ in
            request.path.contains(path)
                ? .answer(
                    "HTTP/1.1 307 Loop\r\nLocation: http://\(host)/v2/image/blobs/\(path)\r\nContent-Length: 0\r\n"
                        + "Connection: close\r\n\r\n") : .pass
        }
        let target = try installation.mount(remote.reference)
        #expect(try run("ls", target, seconds: 30).status != 0)
        #expect(remote.layerRequests.count < 60)
    }

    @Test func `a registry that is gone gives readers ETIMEDOUT within the configured time`() throws {
        let target = try installation.mount(remote.reference)
        remote.proxy.stop()
        let readers = try (0..<5).map { try Child(["cat", "\(target)/file\($0)"]) }
        for reader in readers {
            let outcome = reader.wait(seconds: 40)
            #expect(outcome.errors.contains("timed out"), "\(outcome.text)")
        }
    }

    @Test func `a failure reaches everybody who waited, and the next access tries again`() throws {
        let path = layerPath
        remote.proxy.setRule { request, _ in
            request.path.hasSuffix(path)
                ? .answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") : .pass
        }
        let target = try installation.mount(remote.reference)
        remote.holdLayers()
        let readers = try (0..<8).map { try Child(["cat", "\(target)/name\($0)"]) }
        usleep(300_000)
        remote.proxy.release()
        for reader in readers {
            let outcome = reader.wait(seconds: 30)
            #expect(outcome.errors.contains("Permission denied"), "\(outcome.text)")
        }
        #expect(try installation.storedLayers.isEmpty)
        #expect(try installation.stored("staging").isEmpty)
        remote.proxy.setRule { _, _ in .pass }
        #expect(try eventually { try run("cat", "\(target)/sum").succeeded })
    }
}

/// Refuses a number of times.
private final class Refusals: Sendable {
    private let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
    func next() -> Bool { left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 }
}
