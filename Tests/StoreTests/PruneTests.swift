import Content
import LayerIndex
import OCI
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct PruneTests {
    let directory = TemporaryDirectory()
    let platform = Platform(os: "linux", architecture: "amd64")
    let layers = (0..<4).map { TestLayer(seed: UInt8($0)) }

    private func fill(_ store: Store) throws {
        for layer in layers { try layer.publish(in: store) }
    }

    @Test func `what no image is made of goes, what one is made of stays`() throws {
        let store = try Store.open(directory)
        try fill(store)
        let config = Document(bytes: Array("config".utf8), mediaType: "test")
        let stray = Document(bytes: Array("stray".utf8), mediaType: "test")
        try store.add([config, stray])
        var image = makeImage("name", [layers[0].diffID, layers[1].diffID])
        image.configDigest = config.digest
        try store.record(image, for: platform)
        for chainID in image.chainIDs { try store.publishTree(chainID, LoadedFile(bytes: [1])) }

        let before = try store.usage()
        let report = try store.prune()
        #expect(Set(report.layers) == [layers[2].diffID, layers[3].diffID])
        #expect(report.trees == [image.chainIDs[0]])
        #expect(report.documents == [stray.digest])
        let after = try store.usage()
        #expect(after.layerCount == 2 && after.treeCount == 1)
        let freed =
            (before.layerByteCount - after.layerByteCount) + (before.treeByteCount - after.treeByteCount)
            + (before.documentByteCount - after.documentByteCount)
        #expect(report.freedByteCount == freed)
        #expect(try store.document(config.digest) == config.bytes)
        #expect(store.isStagingEmpty)
        #expect(try store.prune() == PruneReport())
    }

    @Test func `what is mounted stays: by chain, by layer, or because it is open`() throws {
        let store = try Store.open(directory)
        try fill(store)
        let chainID = digest("mounted")
        try store.publishTree(chainID, LoadedFile(bytes: [1]))
        let open = try store.layer(layers[1].diffID)
        let report = try store.prune(
            keeping: [chainID], layers: [layers[0].diffID], isNeeded: { $0 == .layer(layers[2].diffID) })
        #expect(report.layers == [layers[3].diffID])
        #expect(report.trees.isEmpty)
        withExtendedLifetime(open) {}
    }

    @Test func `the layers of a chain that the catalogue knows stay with it`() throws {
        let store = try Store.open(directory)
        try fill(store)
        let image = makeImage("name", layers.map(\.diffID))
        try store.record(image, for: platform)
        #expect(try store.prune(keeping: [image.chainIDs[0]]) == PruneReport())
        _ = try store.removeImage(named: "name")
        #expect(try store.prune(layers: [layers[3].diffID]).layers.count == 3)
    }

    @Test func `what was published or recorded a moment ago stays`() throws {
        let store = try Store.open(directory) { $0.pruneGrace = .seconds(3600) }
        try fill(store)
        try store.add([Document(bytes: [1], mediaType: "test")])
        try store.publishTree(digest("chain"), LoadedFile(bytes: [1]))
        #expect(try store.prune() == PruneReport())
    }

    @Test func `parts of blobs go unless they are being fetched`() throws {
        let store = try Store.open(directory)
        for name in ["a", "b"] {
            try [1, 2, 3].withUnsafeBytes { try store.partialBlob(digest(name)).keep($0) }
        }
        let held = try store.partialBlob(digest("a"))
        let report = try store.prune()
        #expect(report.partials == [digest("b")])
        #expect(try held.keptByteCount() == 24)
        #expect(directory.contains("blobs/sha256/\(digest("a").hex).partial"))
    }

    @Test func `pruning while layers are published loses none that somebody holds`() async throws {
        let store = try Store.open(directory)
        try await withThrowingTaskGroup { group in
            for seed in 0..<4 {
                group.addTask {
                    for round in 0..<25 {
                        let layer = TestLayer(seed: UInt8(seed), byteCount: 100 + round)
                        try layer.publish(in: store)
                        // nil when the pruner was quicker: then it is gone as a whole.
                        if let stored = try store.layer(layer.diffID) {
                            var byte: UInt8 = 0
                            let count = try withUnsafeMutableBytes(of: &byte) {
                                try stored.data.read(fromAbsoluteOffset: 50, into: $0)
                            }
                            #expect(count == 1 && byte == layer.bytes[50])
                            if let index = try stored.index() {
                                #expect(index.byteCount == UInt64(layer.bytes.count))
                            }
                        }
                        await Task.yield()
                    }
                }
            }
            group.addTask {
                for _ in 0..<50 {
                    _ = try store.prune()
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
        _ = try store.prune()
        #expect(try store.usage().layerCount == 0)
        #expect(store.isStagingEmpty)
    }
}
