import Glibc
import OCI
import Testing

/// Big layers come by several ranged requests at once when the registry is far away, and only then.
@Suite(.serialized)
struct PartTests {
    private let remote: RemoteImage
    private let installation: Installation
    private let layerSize: Int

    init() throws {
        remote = try RemoteImage(scripts: ["head -c 28000000 /dev/urandom >data; sha256sum data >sum"])
        installation = try Installation()
        layerSize = remote.image.layers[0].size
    }

    /// A path that delays each answer and carries so little over one connection that any reader waits for it.
    private func moveRegistryAway() {
        remote.proxy.delay(seconds: 0.1)
        remote.proxy.limit(bytesPerSecond: 1_000_000)
    }

    /// A pull that is running when `condition` holds.
    private func startPull(until condition: @escaping () -> Bool, sourceLocation: SourceLocation = #_sourceLocation)
        throws
        -> Child
    {
        let pull = try Child([Installation.binary, "pull", remote.reference], environment: installation.environment)
        #expect(
            eventually(seconds: 60, condition), "\(remote.layerRequests) \(installation.daemonLog)",
            sourceLocation: sourceLocation)
        return pull
    }

    private func expectRightContent(of reference: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let target = try installation.mount(reference)
        let check = try run("sh", "-c", "cd '\(target)' && sha256sum -c sum")
        #expect(check.succeeded, "\(check.text) \(installation.daemonLog)", sourceLocation: sourceLocation)
    }

    /// First and last byte of each ranged request for the layer.
    private var ranges: [ClosedRange<Int>] {
        remote.layerRequests.compactMap { request in
            let ends = (request.range ?? "").split { !$0.isNumber }.compactMap { Int($0) }
            return ends.count == 2 ? ends[0]...ends[1] : nil
        }.sorted { $0.lowerBound < $1.lowerBound }
    }

    @Test func `a layer that is far away comes in parts`() throws {
        moveRegistryAway()
        try installation.startDaemon()
        // The fourth is asked for when the parts have taken over.
        let pull = try startPull { self.ranges.count >= 4 }
        remote.proxy.limit(bytesPerSecond: nil)
        #expect(pull.wait().succeeded)
        try expectRightContent(of: remote.reference)
        let ranges = ranges
        #expect(remote.layerRequests.count { $0.range == nil } == 1)
        #expect(ranges.allSatisfy { $0.count == 4 << 20 })
        #expect(ranges.last?.upperBound == layerSize - 1)
        for (range, next) in zip(ranges, ranges.dropFirst()) { #expect(range.upperBound + 1 == next.lowerBound) }
        // The counter has what readers got, which is each byte once.
        let status = try installation.imgfs("status", "--json").output.filter { !$0.isWhitespace }
        let counts = status.split(separator: "\"fetchedByteCounts\":{").last?.prefix { $0 != "}" }
        #expect(counts?.contains("\"registry\":\(layerSize)") == true, "\(status)")
    }

    @Test func `a server that ignores ranges gets no second request for parts`() throws {
        moveRegistryAway()
        remote.proxy.setRule { _, _ in .ignoreRange }
        try installation.startDaemon()
        let pull = try startPull { !self.ranges.isEmpty }
        remote.proxy.limit(bytesPerSecond: nil)
        #expect(pull.wait().succeeded)
        try expectRightContent(of: remote.reference)
        // The first parts at most; the stream brings everything.
        #expect(remote.layerRequests.count <= 4, "\(remote.layerRequests)")
        #expect(remote.layerRequests.count { $0.range == nil } == 1)
        #expect(remote.layerRequests.first { $0.range == nil }?.byteCount == layerSize)
    }

    @Test func `parts that were cut by a kill go on where their bytes had no gap`() throws {
        moveRegistryAway()
        try installation.startDaemon()
        let pull = try startPull { self.ranges.count >= 4 }
        installation.killDaemon()
        pull.wait()
        let before = remote.layerRequests.count
        remote.proxy.delay(seconds: 0)
        remote.proxy.limit(bytesPerSecond: nil)
        try installation.startDaemon("--max-parts", "1")
        try expectRightContent(of: remote.reference)
        let after = remote.layerRequests.dropFirst(before)
        #expect(after.count == 1)
        // By then the stream had brought its share.
        #expect(after.allSatisfy { $0.offset > 1 << 20 }, "\(after)")
    }
}
