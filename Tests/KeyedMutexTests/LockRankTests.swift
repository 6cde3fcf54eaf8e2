import Testing

@testable import KeyedMutex

struct LockRankTests {
    @Test(arguments: LockRank.allCases)
    func `a task that holds nothing may take any key`(wanted: LockRank) {
        #expect(LockRank.allows(wanted, whileHolding: nil))
    }

    @Test func `a holder may take keys of a higher rank only`() {
        let order: [LockRank] = [.resolve, .chain, .layer, .blob]
        for (position, held) in order.enumerated() {
            for (other, wanted) in order.enumerated() {
                #expect(LockRank.allows(wanted, whileHolding: held) == (other > position))
            }
        }
    }

    #if DEBUG
    @Test func `a held key is seen by child tasks, not by detached ones`() async throws {
        let seen = try await LockRank.layer.held {
            async let child = LockRank.current
            let detached = await Task.detached { LockRank.current }.value
            return (await child, detached)
        }
        #expect(seen.0 == .layer)
        #expect(seen.1 == nil)
        #expect(LockRank.current == nil)
    }
    #endif
}
