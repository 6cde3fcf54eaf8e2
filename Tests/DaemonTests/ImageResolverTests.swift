import Content
import Control
import OCI
import Registry
import Store
import Synchronization
import TestSupport
import Testing
import Threads

@testable import Daemon

@Suite(.timeLimit(.minutes(1)))
struct ImageResolverTests {
    @Test func `an image for another platform is not for who asks for the host's`() async throws {
        let fixture = try ChainFixture()
        var image = ChainFixture.image(named: "docker.io/library/foreign:latest")
        image.platform = try Platform(parsing: "linux/s390x")
        try fixture.store.record(image, for: .host)
        let resolver = ImageResolver(
            store: fixture.store, registry: RegistryClient(logger: fixture.logger),
            resolveThreads: fixture.storeThreads, storeThreads: fixture.storeThreads)
        let root = Caller(userID: 0, groupID: 0, processID: 0)
        let unspecific = SourceRequest(source: "foreign", pull: .never)
        #expect(try await resolver.resolve(unspecific, from: root).image.platform == image.platform)
        let specific = SourceRequest(source: "foreign", platform: Platform.host.description, pull: .never)
        let error = await #expect(throws: DaemonError.self) { _ = try await resolver.resolve(specific, from: root) }
        #expect(error?.kind == .notFound)
    }

    @Test func `an archive that is gone stays the origin of what is stored of it`() async throws {
        let fixture = try ChainFixture()
        let name = "docker-archive:\(fixture.directory.path)/gone.tar"
        try fixture.store.record(ChainFixture.image(named: name), for: .host)
        let resolver = ImageResolver(
            store: fixture.store, registry: RegistryClient(logger: fixture.logger),
            resolveThreads: fixture.storeThreads, storeThreads: fixture.storeThreads)
        let resolved = try await resolver.resolve(
            SourceRequest(source: name), from: Caller(userID: 0, groupID: 0, processID: 0))
        #expect(resolved.origins.map(\.place.name) == [name])
    }

    @Test(arguments: [PullPolicy.missing, .never])
    func `what is stored is found while every resolving thread waits`(_ pull: PullPolicy) async throws {
        let fixture = try ChainFixture()
        let image = ChainFixture.image(named: "docker.io/library/stored:latest")
        try fixture.store.record(image, for: .host)
        let resolveThreads = BlockingPool(name: "resolve", maximumThreads: 1)
        let resolver = ImageResolver(
            store: fixture.store, registry: RegistryClient(logger: fixture.logger), resolveThreads: resolveThreads,
            storeThreads: fixture.storeThreads)
        let gate = Gate()
        defer { gate.open() }
        resolveThreads.submit { gate.pass() }
        let caller = Caller(userID: 0, groupID: 0, processID: 0)
        for source in ["stored", "chain:\(try #require(image.chainID))"] {
            let found = Found()
            let task = Task {
                let image = try await resolver.resolve(SourceRequest(source: source, pull: pull), from: caller).image
                found.image.withLock { $0 = image }
            }
            #expect(await eventually { found.image.withLock { $0?.layers == image.layers } }, "\(source)")
            task.cancel()
        }
    }
}

private final class Found: Sendable {
    let image = Mutex<Image?>(nil)
}
