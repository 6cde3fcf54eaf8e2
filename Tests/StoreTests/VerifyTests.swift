import Content
import Glibc
import LayerIndex
import OCI
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct VerifyTests {
    let directory = TemporaryDirectory()
    let layer = TestLayer(seed: 1)
    let other = TestLayer(seed: 2, byteCount: 1_200_000)
    let chainID = digest("chain")
    let document = Document(bytes: Array("document".utf8), mediaType: "test")

    private func makeStore() throws -> Store {
        let store = try Store.open(directory)
        try layer.publish(in: store, checkpoints: [1, 2])
        try other.publish(in: store)
        try store.publishTree(chainID, LoadedFile(bytes: [1, 2, 3]))
        try store.add([document])
        return store
    }

    private func flip(_ name: String, at offset: Int64) throws {
        let file = try FileDescriptor.open(FilePath(directory.path + "/" + name), .readWrite)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: offset, [0xEE]) }
    }

    @Test func `a sound store has no problems, and every byte was looked at`() throws {
        let store = try makeStore()
        var seen: [StoreObject] = []
        let report = try store.verify(progress: { seen.append($0.object) })
        #expect(report.problems.isEmpty && report.isComplete)
        #expect(
            Set(seen) == [
                .catalogue, .layer(layer.diffID), .checkpoints(layer.diffID), .layer(other.diffID), .tree(chainID),
                .document(document.digest),
            ])
        #expect(report.objectCount == seen.count)
        let usage = try store.usage()
        #expect(report.byteCount >= usage.layerByteCount + usage.treeByteCount + usage.documentByteCount)
    }

    @Test func `one wrong byte is found, and what has it is removed when asked`() throws {
        let store = try makeStore()
        try flip("layers/sha256/\(other.diffID.hex)/data", at: 1_199_999)
        try flip("layers/sha256/\(layer.diffID.hex)/index", at: 5)
        try flip("blobs/sha256/\(document.digest.hex)", at: 3)
        let damaged: Set<StoreObject> = [.layer(layer.diffID), .layer(other.diffID), .document(document.digest)]
        let looked = try store.verify(removesDamaged: false)
        #expect(Set(looked.problems.map(\.object)) == damaged)
        #expect(looked.problems.allSatisfy { $0.problem?.isEmpty == false })
        #expect(try store.usage().layerCount == 2)

        let repaired = try store.verify()
        #expect(Set(repaired.problems.map(\.object)) == damaged)
        #expect(try store.usage().layerCount == 0)
        #expect(try store.document(document.digest) == nil)
        #expect(try store.verify().problems.isEmpty)
    }

    @Test func `what the store cannot judge, the caller does`() throws {
        let store = try makeStore()
        let report = try store.verify(check: { subject in
            switch subject {
            case .tree(chainID, let file): return file.content == [1, 2, 3] ? "bad tree" : nil
            case .checkpoints(layer.diffID, let file, let archive):
                var status = stat()
                #expect(fstat(archive.rawValue, &status) == 0 && status.st_size == layer.bytes.count)
                return file.content == [1, 2] ? "bad checkpoints" : nil
            default: return nil
            }
        })
        #expect(Set(report.problems.map(\.object)) == [.checkpoints(layer.diffID), .tree(chainID)])
        #expect(try store.tree(chainID) == nil)
        #expect(try store.layer(other.diffID) != nil)
    }

    @Test(arguments: [false, true]) func `a layer is whole without its checkpoints`(isSynced: Bool) throws {
        let seal = "layers/sha256/\(layer.diffID.hex)/seal"
        do {
            let store = try makeStore()
            if isSynced { try store.syncPublished() }
            // Cut off: not the length that the seal says.
            try directory.write([1], to: "layers/sha256/\(layer.diffID.hex)/checkpoints")
            #expect(try store.layer(layer.diffID)?.index() != nil)
            let report = try store.verify(check: { subject in
                if case .checkpoints = subject { "bad checkpoints" } else { nil }
            })
            #expect(report.problems.map(\.object) == [.checkpoints(layer.diffID)])
            #expect(!directory.contains("layers/sha256/\(layer.diffID.hex)/checkpoints"))
            #expect(try !directory.read(seal).contains("checkpoints") && directory.read(seal).hasSuffix("synced\n"))
        }
        let store = try Store.open(directory)
        let layer = try #require(try store.layer(layer.diffID))
        #expect(try layer.index() != nil && layer.checkpoints() == nil)
        #expect(try store.verify().problems.isEmpty)
    }

    @Test func `a layer whose checkpoints are gone is synced like others`() throws {
        let store = try makeStore()
        try Directory.removeAll(directory.path + "/layers/sha256/\(layer.diffID.hex)/checkpoints")
        #expect(try store.syncPublished() == 3 && store.syncPublished() == 0)
    }

    @Test func `it ends when it is told to`() throws {
        let store = try makeStore()
        var asked = 0
        let report = try store.verify(isCancelled: {
            asked += 1
            return asked > 2
        })
        #expect(!report.isComplete && report.problems.isEmpty)
        #expect(try store.usage().layerCount == 2)
    }

    @Test func `an open layer that is damaged is fetched again at the next access`() throws {
        let store = try makeStore()
        let open = try store.layer(other.diffID)
        try flip("layers/sha256/\(other.diffID.hex)/data", at: 0)
        #expect(try store.verify().problems.map(\.object) == [.layer(other.diffID)])
        #expect(try store.layer(other.diffID) == nil)
        withExtendedLifetime(open) {}
    }
}
