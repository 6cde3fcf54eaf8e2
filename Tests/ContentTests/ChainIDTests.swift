import OCI
import Testing

@testable import Content

struct ChainIDTests {
    static let diffIDs = [
        "sha256:dda5a8ba6f46f8e0aa0ae3a1a0d8d6c8b9aa0d4c8a3b5c4a6b5a5b4e1f0c9d11",
        "sha256:aab5a8ba6f46f8e0aa0ae3a1a0d8d6c8b9aa0d4c8a3b5c4a6b5a5b4e1f0c9d22",
        "sha256:ccc5a8ba6f46f8e0aa0ae3a1a0d8d6c8b9aa0d4c8a3b5c4a6b5a5b4e1f0c9d33",
    ]

    @Test func `no layers have no chain`() {
        #expect(ChainID.chain(of: []).isEmpty)
    }

    @Test func `the chainID of one layer is its diffID`() throws {
        let diffID = try Digest(parsing: Self.diffIDs[0])
        #expect(ChainID.chain(of: [diffID]) == [diffID])
    }

    @Test func `each chainID hashes the one below and the diffID`() throws {
        let diffIDs = try Self.diffIDs.map { try Digest(parsing: $0) }
        let chain = ChainID.chain(of: diffIDs)
        #expect(chain.count == 3)
        let second = "\(diffIDs[0]) \(diffIDs[1])"
        #expect(chain[1] == SHA256.digest(of: Array(second.utf8)))
        let third = "\(chain[1]) \(diffIDs[2])"
        #expect(chain[2] == SHA256.digest(of: Array(third.utf8)))
    }

    @Test func `a chain that other programs computed`() throws {
        // printf '%s %s' sha256:<1 x 64> sha256:<2 x 64> | sha256sum
        let ones = try Digest(parsing: "sha256:" + String(repeating: "1", count: 64))
        let twos = try Digest(parsing: "sha256:" + String(repeating: "2", count: 64))
        #expect(
            ChainID.chain(of: [ones, twos])[1].hex == "9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5"
        )
    }

    @Test func `an image without layers has a constant chainID of its own`() {
        #expect(Image.emptyChainID == SHA256.digest(of: []))
    }
}
