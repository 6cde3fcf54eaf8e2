import CLinux
import Content
import Glibc
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

/// A store on a file system of 1 MiB. Needs root, to mount it.
@Suite(.enabled(if: geteuid() == 0), .timeLimit(.minutes(1)))
struct FullStoreTests: ~Copyable {
    let directory = TemporaryDirectory()
    let isMounted: Bool

    init() {
        isMounted = mount("tmpfs", directory.path, "tmpfs", 0, "size=1m,mode=700") == 0
    }

    deinit {
        if isMounted { imgfs_umount(directory.path, 2) }
    }

    /// Takes all space that is left.
    private func fill() throws {
        let file = try FileDescriptor.open(
            FilePath(directory.path + "/ballast"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite
        )
        for size in [4096, 512, 1] {
            while (try? file.writeAll([UInt8](repeating: 0, count: size))) != nil {}
        }
        try file.close()
    }

    @Test func `a full store says so, keeps working, and takes layers again when there is space`() throws {
        try #require(isMounted)
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        let second = TestLayer(seed: 2)
        let partial = try store.partialBlob(digest("blob"))
        try layer.publish(in: store)
        let staging = try store.stageLayer(second.diffID)
        try staging.data.writeAll(second.bytes)
        try fill()

        for body: () throws -> Void in [
            { try staging.publish(index: [UInt8](repeating: 0, count: 100_000), checkpoints: nil) },
            { try store.add([Document(bytes: [UInt8](repeating: 0, count: 100_000), mediaType: "test")]) },
            { try store.publishTree(digest("tree"), LoadedFile(bytes: [UInt8](repeating: 0, count: 100_000))) },
            { try [UInt8](repeating: 0, count: 100_000).withUnsafeBytes { try partial.keep($0) } },
        ] {
            let error = #expect(throws: StoreError.self) { try body() }
            #expect(error?.kind == .storeFull)
            #expect(error?.description.contains("imgfs prune") == true)
        }
        #expect(store.isStagingEmpty)
        #expect(try store.layer(layer.diffID)?.index() != nil)
        #expect(try store.layer(second.diffID) == nil)

        #expect(unlink(directory.path + "/ballast") == 0)
        try second.publish(in: store)
        #expect(try store.layer(second.diffID) != nil)
    }

    @Test func `a full store can be opened and pruned`() throws {
        try #require(isMounted)
        do {
            let store = try Store.open(directory, boot: 1)
            try TestLayer(seed: 1, byteCount: 200_000).publish(in: store)
            try fill()
        }
        let store = try Store.open(directory, boot: 2)
        #expect(try store.prune().layers.count == 1)
        try TestLayer(seed: 2).publish(in: store)
    }

    @Test func `a full catalogue says so`() throws {
        try #require(isMounted)
        let store = try Store.open(directory)
        try fill()
        let error = #expect(throws: StoreError.self) {
            for number in 0..<1000 {
                try store.record(
                    makeImage("image \(number)", [digest("layer")]), for: Platform(os: "linux", architecture: "amd64"))
            }
        }
        #expect(error?.kind == .storeFull)
        #expect(unlink(directory.path + "/ballast") == 0)
        try store.record(makeImage("after", []), for: Platform(os: "linux", architecture: "amd64"))
    }
}
