import Content
import OCI
import Testing

@testable import Daemon

struct ChainTests {
    @Test func `layers are fetched the largest first, each once, in their order where that does not decide`() {
        let sizes: [Int64] = [10, 500, 10, 700, 500]
        let diffIDs = sizes.indices.map { SHA256.digest(of: [UInt8($0)]) }
        let layers = zip(diffIDs, sizes).map { diffID, size in
            Image.Layer(descriptor: Descriptor(mediaType: "", digest: diffID, size: size), diffID: diffID)
        }
        let image = Image(
            name: "a", rootDigest: diffIDs[0], manifestDigest: diffIDs[0], configDigest: diffIDs[0], platform: .host,
            layers: layers)
        let origin = LayerOrigin(
            image: image, place: .init(name: "a", manifestDigest: diffIDs[0]),
            open: { throw DaemonError(.fault, "nothing is fetched") }, isRemote: false)
        let chain = Chain(chainID: diffIDs[0], diffIDs: diffIDs + [diffIDs[1]], origins: [origin], name: "a")
        #expect(chain.diffIDsToFetch == [3, 1, 4, 0, 2].map { diffIDs[$0] })
        #expect(chain.with(origins: []).diffIDsToFetch == diffIDs)
    }
}
