import Content
import Glibc
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

/// What a store does about what a killed process, or a power failure, left behind.
@Suite(.timeLimit(.minutes(1)))
struct RecoveryTests {
    let directory = TemporaryDirectory()
    let layer = TestLayer(seed: 1)
    let chainID = digest("chain")

    private var layerPath: String { "layers/sha256/\(layer.diffID.hex)" }

    private func publishAll(boot: Int, synced: Bool = false) throws {
        let store = try Store.open(directory, boot: boot)
        try layer.publish(in: store, checkpoints: [8, 9])
        try store.publishTree(chainID, LoadedFile(bytes: [1, 2, 3]))
        try [4, 5].withUnsafeBytes { try store.partialBlob(digest("blob")).keep($0) }
        if synced { #expect(try store.syncPublished() == 2) }
    }

    /// Overwrites one byte without changing a length.
    private func flip(_ name: String) throws {
        let file = try FileDescriptor.open(FilePath(directory.path + "/" + name), .readWrite)
        try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 100, [0xEE]) }
    }

    @Test func `what a killed process published or fetched in part is there, what it had half made is gone`() throws {
        try publishAll(boot: 1)
        mkdir(directory.path + "/staging/7", 0o700)
        try directory.write("half", to: "staging/7/data")
        try directory.write("half", to: "staging/8")
        let store = try Store.open(directory, boot: 1)
        #expect(store.isStagingEmpty)
        #expect(try store.layer(layer.diffID) != nil)
        #expect(try store.tree(chainID) != nil)
        #expect(try store.partialBlob(digest("blob")).keptByteCount() == 16)
    }

    @Test func `what was synced survives a power failure unseen`() throws {
        try publishAll(boot: 1, synced: true)
        #expect(try directory.read(layerPath + "/seal").hasSuffix("synced\n"))
        let store = try Store.open(directory, boot: 2)
        #expect(try store.layer(layer.diffID) != nil)
        #expect(try store.tree(chainID)?.content == [1, 2, 3])
        #expect(try store.syncPublished() == 0)
    }

    @Test func `a layer that was not synced is hashed before it is believed, and then is kept`() throws {
        try publishAll(boot: 1)
        do {
            let store = try Store.open(directory, boot: 2)
            #expect(try store.layer(layer.diffID) != nil)
            #expect(try directory.read(layerPath + "/seal").hasSuffix("synced\n"))
            #expect(store.isStagingEmpty)
        }
        #expect(try Store.open(directory, boot: 3).layer(layer.diffID) != nil)
    }

    @Test(arguments: ["", "\u{8}\u{9}"])
    func `checkpoints of which it is not known whether they reached the disk go`(whatIsLeft: String) throws {
        try publishAll(boot: 1)
        try directory.write(whatIsLeft, to: layerPath + "/checkpoints")
        let store = try Store.open(directory, boot: 2)
        #expect(try store.layer(layer.diffID)?.checkpoints() == nil)
        #expect(!directory.contains(layerPath + "/checkpoints"))
        #expect(try !directory.read(layerPath + "/seal").contains("checkpoints"))
        #expect(try store.verify(check: { _ in "cannot be right" }).problems.map(\.object) == [.tree(chainID)])
    }

    @Test func `checkpoints that may be lost are not called damaged before their layer is wanted`() throws {
        try publishAll(boot: 1)
        try directory.write("", to: layerPath + "/checkpoints")
        let store = try Store.open(directory, boot: 2)
        let check = { (subject: VerifySubject) in
            if case .checkpoints = subject { "cut off" } else { String?.none }
        }
        #expect(try store.verify(check: check).problems.isEmpty)
        #expect(try store.layer(layer.diffID) != nil)
        #expect(!directory.contains(layerPath + "/checkpoints"))
    }

    @Test func `synced checkpoints stay`() throws {
        try publishAll(boot: 1, synced: true)
        #expect(try Store.open(directory, boot: 2).layer(layer.diffID)?.checkpoints()?.content == [8, 9])
    }

    @Test(arguments: ["data", "index"])
    func `a layer that was not synced and lost bytes in a power failure is not there`(name: String) throws {
        try publishAll(boot: 1)
        try flip("\(layerPath)/\(name)")
        // Two more starts before anybody asks: it is not believed for having been there at the last one.
        for boot in [2, 3] { _ = try Store.open(directory, boot: boot) }
        let store = try Store.open(directory, boot: 3)
        #expect(try store.layer(layer.diffID) == nil)
        #expect(!directory.contains(layerPath))
        try layer.publish(in: store)
        #expect(try store.layer(layer.diffID) != nil)
    }

    @Test func `publishing over a layer of unknown worth replaces it`() throws {
        try publishAll(boot: 1)
        try flip("\(layerPath)/data")
        let store = try Store.open(directory, boot: 2)
        try layer.publish(in: store)
        let stored = try #require(try store.layer(layer.diffID))
        var byte: UInt8 = 0
        #expect(pread(stored.data.rawValue, &byte, 1, 100) == 1 && byte == layer.bytes[100])
        #expect(store.isStagingEmpty)
    }

    @Test func `a tree that was not synced is made again after a power failure`() throws {
        try publishAll(boot: 1)
        let store = try Store.open(directory, boot: 2)
        #expect(try store.tree(chainID) == nil)
        try store.publishTree(chainID, LoadedFile(bytes: [7]))
        #expect(try store.tree(chainID)?.content == [7])
    }

    @Test func `parts of blobs from before a power failure are dropped`() throws {
        try publishAll(boot: 1)
        let store = try Store.open(directory, boot: 2)
        #expect(try store.usage().partialByteCount == 0)
    }

    @Test func `documents that lost bytes in a power failure are removed, the others stay`() throws {
        let documents = (0..<3).map { Document(bytes: [UInt8](repeating: $0, count: 100), mediaType: "test") }
        try Store.open(directory, boot: 1).add(documents)
        func contains(_ position: Int) -> Bool {
            directory.contains("blobs/sha256/\(documents[position].digest.hex)")
        }
        try directory.write("", to: "blobs/sha256/\(documents[1].digest.hex)")
        try directory.write(String(repeating: "\0", count: 100), to: "blobs/sha256/\(documents[2].digest.hex)")
        let store = try Store.open(directory, boot: 2)
        #expect(contains(0) && !contains(1) && !contains(2))
        #expect(try store.verify().problems.isEmpty)
    }

    @Test(arguments: ["", "imgfs layer 1\n", "imgfs layer 2\nfile data 3000\nsynced\n", "imgfs tree 1\nsynced\n"])
    func `a directory whose seal was lost is removed at the next start`(seal: String) throws {
        try publishAll(boot: 1)
        try directory.write(seal, to: layerPath + "/seal")
        _ = try Store.open(directory, boot: 2)
        #expect(!directory.contains(layerPath))
    }

    @Test(arguments: ["data", "index", "seal"])
    func `a directory that lost a file, or its length, is removed at the next start`(name: String) throws {
        try publishAll(boot: 1)
        if name == "index" {
            #expect(truncate("\(directory.path)/\(layerPath)/\(name)", 0) == 0)
        } else {
            #expect(unlink("\(directory.path)/\(layerPath)/\(name)") == 0)
        }
        _ = try Store.open(directory, boot: 2)
        #expect(!directory.contains(layerPath))
    }

    @Test func `what has no digest for a name is removed from where digests are`() throws {
        _ = try Store.open(directory)
        mkdir(directory.path + "/layers/sha256/something", 0o700)
        try directory.write("x", to: "trees/sha256/ABC")
        _ = try Store.open(directory)
        #expect(!directory.contains("layers/sha256/something"))
        #expect(!directory.contains("trees/sha256/ABC"))
    }

    @Test func `syncing is done once, and leaves what was published since for the next time`() throws {
        let store = try Store.open(directory)
        try layer.publish(in: store)
        #expect(try store.syncPublished() == 1)
        #expect(try store.syncPublished() == 0)
        try TestLayer(seed: 2).publish(in: store)
        #expect(try store.syncPublished() == 1)
        #expect(try store.layer(layer.diffID) != nil)
        #expect(store.isStagingEmpty)
    }
}
