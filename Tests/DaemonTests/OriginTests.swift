import KeyedMutex
import OCI
import Store
import Testing

@testable import Daemon

@Suite(.timeLimit(.minutes(1)))
struct OriginTests {
    let fixture: ChainFixture

    init() throws { fixture = try ChainFixture() }

    @Test(arguments: [FailureKind.unreachable, .denied, .notFound, .invalid])
    func `who shares a chain's flight goes on with its own origin when the other's fails`(
        _ kind: FailureKind
    ) async throws {
        let gate = Gate()
        let broken = ChainFixture.resolved(ChainFixture.origin("broken", failure: kind, gate: gate)).chain
        let sound = ChainFixture.resolved(ChainFixture.origin("sound")).chain
        let first = Task { [chains = fixture.chains] in try await chains.open(broken) }
        #expect(await eventually { gate.arrivalCount == 1 })
        let second = Task { [chains = fixture.chains] in try await chains.open(sound) }
        #expect(await eventually { fixture.chains.waits.contains { $0.rank == .chain && $0.waiterCount == 2 } })
        gate.open()
        await #expect(throws: DaemonError.self) { _ = try await first.value }
        #expect(try await second.value.layers.count == 1)
    }

    @Test func `who shares a layer's flight goes on with its own origin when the other's fails`() async throws {
        let gate = Gate()
        let broken = ChainFixture.resolved(ChainFixture.origin("broken", failure: .denied, gate: gate)).chain
        let sound = ChainFixture.resolved(ChainFixture.origin("sound")).chain
        let first = Task { [layers = fixture.layers] in try await layers.layer(ChainFixture.digest, of: broken) }
        #expect(await eventually { gate.arrivalCount == 1 })
        let second = Task { [layers = fixture.layers] in try await layers.layer(ChainFixture.digest, of: sound) }
        #expect(await eventually { fixture.layers.waits.contains { $0.rank == .layer && $0.waiterCount == 2 } })
        gate.open()
        await #expect(throws: DaemonError.self) { _ = try await first.value }
        #expect(try await second.value.diffID == ChainFixture.digest)
    }

    @Test func `callers with the same origin share its failure, and it is asked once`() async throws {
        let gate = Gate()
        let chain = ChainFixture.resolved(ChainFixture.origin("broken", failure: .unreachable, gate: gate)).chain
        let tasks = (0..<5).map { _ in Task { [chains = fixture.chains] in try await chains.open(chain) } }
        #expect(await eventually { fixture.chains.waits.contains { $0.rank == .chain && $0.waiterCount == 5 } })
        gate.open()
        for task in tasks { await #expect(throws: DaemonError.self) { _ = try await task.value } }
        #expect(gate.arrivalCount == 1)
    }

    @Test func `a failure of the last moment does not count for who has another origin`() async throws {
        let broken = ChainFixture.resolved(ChainFixture.origin("broken", failure: .denied)).chain
        let sound = ChainFixture.resolved(ChainFixture.origin("sound")).chain
        let failures = RecentFailures(holdTime: .seconds(60))
        failures.record(DaemonError(.denied, "broken"), for: broken)
        #expect(throws: DaemonError.self) { try failures.check(broken) }
        try failures.check(sound)
        try failures.check(broken.with(origins: broken.origins + sound.origins))
        failures.record(DaemonError(.storeFull, "full"), for: broken)
        #expect(throws: DaemonError.self) { try failures.check(sound) }
    }

    @Test func `origins of all mounts are kept, the newest first and each once`() {
        func names(_ newer: [String], _ older: [String]) -> [String] {
            LayerOrigin.merged(newer.map { ChainFixture.origin($0) }, before: older.map { ChainFixture.origin($0) })
                .map(\.place.name)
        }
        #expect(names(["b"], ["a"]) == ["b", "a"])
        #expect(names(["a"], ["b", "a"]) == ["a", "b"])
        #expect(names([], ["a"]) == ["a"])
        let many = (0..<40).map { "\($0)" }
        #expect(names(["new"], many) == ["new"] + many.prefix(LayerOrigin.maximumCount - 1))
    }
}
