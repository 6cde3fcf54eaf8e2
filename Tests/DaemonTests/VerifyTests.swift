import Control
import FUSE
import Glibc
import LayerIndex
import OCI
import Registry
import Store
import Synchronization
import SystemPackage
import Testing
import Threads

@testable import Daemon

@Suite(.timeLimit(.minutes(1)))
struct VerifyTests {
    @Test func `who gives up verifying stops it, and what was not looked at stays`() async throws {
        let fixture = try ChainFixture()
        let workers = try WorkerPool(threads: 1)
        defer { workers.stop() }
        let service = Service(
            configuration: DaemonConfiguration(), store: fixture.store,
            resolver: ImageResolver(
                store: fixture.store, registry: RegistryClient(logger: fixture.logger),
                resolveThreads: fixture.storeThreads, storeThreads: fixture.storeThreads),
            layers: fixture.layers, chains: fixture.chains,
            mountTable: MountTable(
                chains: fixture.chains, workers: workers, storeThreads: fixture.storeThreads, logger: fixture.logger),
            storeThreads: fixture.storeThreads, keeping: nil, logger: fixture.logger, counters: { DaemonCounters() },
            requestStop: {},
            requestReplacement: {})

        // Zeros that do not have this digest: verify would remove it, at the end of a long read.
        let byteCount = 16 << 30
        let staging = try fixture.store.stageLayer(ChainFixture.digest)
        try #require(ftruncate(staging.data.rawValue, byteCount) == 0)
        let index = LayerIndexBuilder().finish(diffID: ChainFixture.digest, byteCount: UInt64(byteCount))
        try staging.publish(index: index, checkpoints: nil)

        let (events, event) = AsyncStream.makeStream(of: Void.self)
        let verify = Task { try await service.verify { _ in event.yield() } }
        for await _ in events { break }
        #expect(fixture.storeThreads.load.threadCount == 0)
        verify.cancel()
        await #expect(throws: CancellationError.self) { _ = try await verify.value }
        #expect(try fixture.store.layer(ChainFixture.digest) != nil)
    }
}
