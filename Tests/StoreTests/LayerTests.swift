import Content
import Glibc
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct LayerTests {
    let directory = TemporaryDirectory()

    @Test func `a published layer is found with its bytes, its index and its checkpoints`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        #expect(try store.layer(layer.diffID) == nil)
        try layer.publish(in: store, checkpoints: [1, 2, 3])
        let stored = try #require(try store.layer(layer.diffID))
        #expect(stored.byteCount == Int64(layer.bytes.count))
        var bytes = [UInt8](repeating: 0, count: layer.bytes.count)
        #expect(
            try bytes.withUnsafeMutableBytes { try stored.data.read(fromAbsoluteOffset: 0, into: $0) } == bytes.count)
        #expect(bytes == layer.bytes)
        let index = try #require(try stored.index())
        #expect(index.diffID == layer.diffID && index.byteCount == UInt64(layer.bytes.count) && index.entryCount == 0)
        #expect(try stored.checkpoints()?.content == [1, 2, 3])
        #expect(try store.layerSize(layer.diffID)?.archiveByteCount == Int64(layer.bytes.count))
        #expect(store.isStagingEmpty)
    }

    @Test func `nothing is visible before publish, and nothing is left when staging is let go`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        do {
            let staging = try store.stageLayer(layer.diffID)
            try staging.data.writeAll(layer.bytes)
            #expect(try store.layer(layer.diffID) == nil)
            #expect(!store.isStagingEmpty)
        }
        #expect(store.isStagingEmpty)
        let staging = try store.stageLayer(layer.diffID)
        staging.discard()
        staging.discard()
        #expect(store.isStagingEmpty)
        #expect(try store.layer(layer.diffID) == nil)
    }

    @Test func `publishing what is there already succeeds and keeps the first`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        try layer.publish(in: store, checkpoints: [1])
        let first = try #require(try store.layer(layer.diffID))
        try layer.publish(in: store, checkpoints: [2])
        #expect(try first.checkpoints()?.content == [1])
        #expect(store.isStagingEmpty)
    }

    @Test func `all who hold a layer share one descriptor`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        try layer.publish(in: store)
        var first: StoredLayer? = try store.layer(layer.diffID)
        let second = try store.layer(layer.diffID)
        #expect(first === second)
        let descriptor = try #require(first?.data.rawValue)
        first = nil
        withExtendedLifetime(second) { #expect(fcntl(descriptor, F_GETFD) != -1) }
    }

    @Test func `a layer that is removed stays readable for who has it open`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        try layer.publish(in: store)
        let stored = try #require(try store.layer(layer.diffID))
        try store.removeLayer(layer.diffID)
        try store.removeLayer(layer.diffID)
        #expect(try store.layer(layer.diffID) == nil)
        var byte: UInt8 = 0
        #expect(pread(stored.data.rawValue, &byte, 1, 5) == 1 && byte == layer.bytes[5])
        #expect(try stored.index() == nil)
        #expect(store.isStagingEmpty)
    }

    @Test func `layers survive closing and opening the store`() throws {
        let layer = TestLayer(seed: 1)
        try layer.publish(in: try Store.open(directory))
        #expect(try Store.open(directory).layer(layer.diffID) != nil)
    }

    @Test func `a damaged index removes its layer`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        let staging = try store.stageLayer(layer.diffID)
        try staging.data.writeAll(layer.bytes)
        try staging.publish(index: [UInt8](repeating: 1, count: 100), checkpoints: nil)
        let stored = try #require(try store.layer(layer.diffID))
        #expect(try stored.index() == nil)
        #expect(try store.layer(layer.diffID) == nil)
    }

    @Test(arguments: ["data", "index", "seal"])
    func `a layer with a file of another length is not there`(name: String) throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        try layer.publish(in: store)
        let path = "\(directory.path)/layers/sha256/\(layer.diffID.hex)/\(name)"
        #expect(truncate(path, 10) == 0)
        #expect(try store.layer(layer.diffID) == nil)
        #expect(!directory.contains("layers/sha256/\(layer.diffID.hex)"))
        try layer.publish(in: store)
        #expect(try store.layer(layer.diffID) != nil)
    }

    @Test func `publishing over a damaged layer replaces it`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        try layer.publish(in: store)
        #expect(unlink("\(directory.path)/layers/sha256/\(layer.diffID.hex)/data") == 0)
        try layer.publish(in: store)
        #expect(try store.layer(layer.diffID)?.index()?.diffID == layer.diffID)
        #expect(store.isStagingEmpty)
    }

    @Test func `everything is readable by the owner alone`() throws {
        let store = try Store.open(directory)
        try TestLayer(seed: 1).publish(in: store)
        try store.add([Document(bytes: [1], mediaType: "x")])
        try store.publishTree(digest("chain"), LoadedFile(bytes: [1, 2, 3]))
        for path in TemporaryDirectory.walk(directory.path) {
            var status = stat()
            #expect(lstat(path, &status) == 0)
            // SQLite gives its files the permissions that the umask leaves; the directory above is closed.
            if !path.contains("catalogue") { #expect(status.st_mode & 0o077 == 0, "\(path)") }
        }
    }
}
