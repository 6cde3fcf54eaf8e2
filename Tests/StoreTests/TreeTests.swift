import LayerIndex
import OCI
import Store
import Testing

@Suite(.timeLimit(.minutes(1)))
struct TreeTests {
    let directory = TemporaryDirectory()
    let chainID = digest("chain")

    @Test func `a published tree comes back mapped, also after opening the store again`() throws {
        do {
            let store = try Store.open(directory)
            #expect(try store.tree(chainID) == nil)
            #expect(try store.publishTree(chainID, [1, 2, 3]).content == [1, 2, 3])
            #expect(store.isStagingEmpty)
        }
        #expect(try Store.open(directory).tree(chainID)?.content == [1, 2, 3])
    }

    @Test func `publishing again keeps the first`() throws {
        let store = try Store.open(directory)
        _ = try store.publishTree(chainID, [1])
        #expect(try store.publishTree(chainID, [2]).content == [1])
        #expect(store.isStagingEmpty)
    }

    @Test func `a removed tree stays readable for who has it mapped`() throws {
        let store = try Store.open(directory)
        let tree = try store.publishTree(chainID, [1, 2, 3])
        try store.removeTree(chainID)
        try store.removeTree(chainID)
        #expect(try store.tree(chainID) == nil)
        #expect(tree.content == [1, 2, 3])
    }

    @Test func `a tree of another length is not there`() throws {
        let store = try Store.open(directory)
        _ = try store.publishTree(chainID, [1, 2, 3])
        try directory.write("", to: "trees/sha256/\(chainID.hex)/tree")
        #expect(try store.tree(chainID) == nil)
        #expect(!directory.contains("trees/sha256/\(chainID.hex)"))
    }
}
