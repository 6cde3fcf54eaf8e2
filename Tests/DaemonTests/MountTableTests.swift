import Control
import FUSE
import Glibc
import OCI
import SystemPackage
import Testing
import Threads

@testable import Daemon

private let canMount = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

/// Detached mounts; nothing looks inside of them.
@Suite(.timeLimit(.minutes(1)), .enabled(if: canMount, "needs root and /dev/fuse"), .serialized)
final class MountTableTests {
    let fixture: ChainFixture
    let workers: WorkerPool
    let table: MountTable

    init() throws {
        fixture = try ChainFixture()
        workers = try WorkerPool(threads: 2)
        table = MountTable(
            chains: fixture.chains, workers: workers, storeThreads: fixture.storeThreads, logger: fixture.logger)
    }

    deinit { workers.stop() }

    private func request(_ name: String) -> MountRequest {
        MountRequest(image: SourceRequest(source: name), sourceName: name, target: "/nowhere", flags: MountFlags())
    }

    /// The kernel ends a session some time after its last mount, and the table forgets it before it lets the chain go.
    private func nothingIsLeft() async -> Bool {
        await eventually { self.table.all.isEmpty && self.fixture.chains.retainedChains.chainIDs.isEmpty }
    }

    @Test func `a mount keeps the origins of everybody who mounted its chain`() async throws {
        let first = try await table.grant(ChainFixture.resolved(ChainFixture.origin("first")), request("first"))
        let second = try await table.grant(ChainFixture.resolved(ChainFixture.origin("second")), request("second"))
        let mounted = try #require(table.all.first)
        #expect(table.all.count == 1)
        #expect(mounted.chain.origins.map(\.place.name) == ["second", "first"])
        #expect(mounted.names == ["first", "second"])
        try first.descriptor.close()
        try second.descriptor.close()
        #expect(await nothingIsLeft())
    }

    @Test func `a chain is retained before its layers are looked for`() async throws {
        let gate = Gate()
        for _ in 0..<fixture.storeThreads.maximumThreads { fixture.storeThreads.submit { gate.pass() } }
        let image = ChainFixture.resolved(ChainFixture.origin("first"))
        let request = request("first")
        let grant = Task { [table] in try await table.grant(image, request) }
        #expect(await eventually { self.fixture.chains.retainedChains.diffIDs == [ChainFixture.digest] })
        gate.open()
        try await grant.value.descriptor.close()
        #expect(await nothingIsLeft())
    }

    @Test func `a target's mount number that comes again takes its place, and there is an end to targets`() {
        var targets: [MountTarget] = []
        for (path, namespace, id) in [("/a", 1, 7), ("/b", 1, 8), ("/c", 2, 7), ("/d", 1, 7)] as [(_, UInt64, UInt64)] {
            MountedImage.add(MountTarget(path: path, mountNamespace: namespace, mountID: id), to: &targets)
        }
        #expect(targets.map(\.path) == ["/b", "/c", "/d"])
        for id in 0..<UInt64(5000) {
            MountedImage.add(MountTarget(path: "/e", mountNamespace: 3, mountID: id), to: &targets)
        }
        #expect(targets.count == MountedImage.maximumTargetCount)
        #expect(targets.last?.mountID == 4999)
    }

    @Test func `nothing is left of a mount that the kernel refuses`() async throws {
        let image = ChainFixture.resolved(ChainFixture.origin("first"))
        await #expect(throws: FuseError.self) {
            _ = try await self.table.grant(image, self.request(String(repeating: "x", count: 300)))
        }
        #expect(await nothingIsLeft())

        let grant = try await table.grant(image, request("first"))
        await #expect(throws: FuseError.self) {
            _ = try await self.table.grant(image, self.request(String(repeating: "x", count: 300)))
        }
        #expect(table.all.count == 1)
        try grant.descriptor.close()
        #expect(await nothingIsLeft())
    }
}
