import Glibc
import LayerIndex
import OCI
import Store
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TreeTests {
    let directory = TemporaryDirectory()
    let chainID = digest("chain")

    @Test func `a published tree comes back, also after opening the store again`() throws {
        do {
            let store = try Store.open(directory)
            #expect(try store.tree(chainID) == nil)
            try store.publishTree(chainID, LoadedFile(bytes: [1, 2, 3]))
            #expect(try store.tree(chainID)?.content == [1, 2, 3])
            #expect(store.isStagingEmpty)
        }
        #expect(try Store.open(directory).tree(chainID)?.content == [1, 2, 3])
    }

    @Test func `publishing again keeps the first`() throws {
        let store = try Store.open(directory)
        try store.publishTree(chainID, LoadedFile(bytes: [1]))
        try store.publishTree(chainID, LoadedFile(bytes: [2]))
        #expect(try store.tree(chainID)?.content == [1])
        #expect(store.isStagingEmpty)
    }

    @Test func `a tree that is removed, cut off or overwritten stays as it was for who has it open`() throws {
        let store = try Store.open(directory)
        try store.publishTree(chainID, LoadedFile(bytes: [1, 2, 3]))
        let tree = try #require(try store.tree(chainID))
        let path = "\(directory.path)/trees/sha256/\(chainID.hex)/tree"
        try directory.write("9", to: "trees/sha256/\(chainID.hex)/tree")
        #expect(truncate(path, 0) == 0)
        #expect(tree.content == [1, 2, 3])
        try store.removeTree(chainID)
        try store.removeTree(chainID)
        #expect(try store.tree(chainID) == nil)
        #expect(tree.content == [1, 2, 3])
    }

    @Test func `a tree of another length is not there`() throws {
        let store = try Store.open(directory)
        try store.publishTree(chainID, LoadedFile(bytes: [1, 2, 3]))
        try directory.write("", to: "trees/sha256/\(chainID.hex)/tree")
        #expect(try store.tree(chainID) == nil)
        #expect(!directory.contains("trees/sha256/\(chainID.hex)"))
    }
}
