import LayerIndex
import OCI
import Store
import SystemPackage
import Testing

@testable import Layers

/// Fetches that break off go on where they were.
@Suite(.timeLimit(.minutes(1)))
struct ResumeTests {
    static let archive = LayerUnpackerTests.large
    let fixture: StoreFixture
    let unpacker: LayerUnpacker

    init() throws {
        fixture = try StoreFixture()
        unpacker = LayerUnpacker(store: fixture.store)
    }

    private func unpack(_ source: TestSource, isResumable: Bool = true) throws {
        try unpacker.unpack(Self.archive.blob, diffID: Self.archive.diffID, from: source, isResumable: isResumable)
    }

    private func expectLayer() throws {
        let layer = try #require(try fixture.store.layer(Self.archive.diffID))
        #expect(try fixture.bytes(of: layer) == Self.archive.bytes)
        #expect(try layer.index()?.entryCount == 30)
        #expect(fixture.leftovers.isEmpty)
    }

    private func leave(_ bytes: [UInt8]) throws {
        let partial = try fixture.store.partialBlob(Self.archive.blob.digest)
        try bytes.withUnsafeBytes { try partial.append($0) }
    }

    @Test(arguments: [0, 1, 5, 262_143, 262_144, 1_000_001, 4_000_000])
    func `a lost connection costs no byte that had arrived`(_ byteCount: Int) throws {
        #expect(throws: TestSource.Lost()) {
            try unpack(TestSource(Self.archive.blobBytes, lostAfter: byteCount))
        }
        #expect(fixture.layers.isEmpty)
        #expect(fixture.leftovers == ["\(Self.archive.blob.digest.hex).partial"])
        let again = TestSource(Self.archive.blobBytes)
        try unpack(again)
        #expect(again.offsets == [Int64(byteCount)])
        try expectLayer()
    }

    @Test func `a connection may be lost again and again`() throws {
        for byteCount in stride(from: 500_000, to: Self.archive.blobBytes.count, by: 700_000) {
            #expect(throws: TestSource.Lost()) {
                try unpack(TestSource(Self.archive.blobBytes, lostAfter: byteCount))
            }
        }
        try unpack(TestSource(Self.archive.blobBytes))
        try expectLayer()
    }

    @Test func `a blob that is there in full is not asked for`() throws {
        try leave(Self.archive.blobBytes)
        let source = TestSource([])
        try unpack(source)
        #expect(source.offsets.isEmpty)
        try expectLayer()
    }

    @Test(arguments: [0, 1000, 300_000])
    func `a part that has gone bad is fetched again`(_ position: Int) throws {
        var bytes = Array(Self.archive.blobBytes.prefix(400_000))
        bytes[position] ^= 0x10
        try leave(bytes)
        let source = TestSource(Self.archive.blobBytes)
        try unpack(source)
        #expect(source.offsets.last == 0)
        #expect(source.offsets.count <= 2)
        try expectLayer()
    }

    @Test func `more than the whole blob is thrown away`() throws {
        try leave(Self.archive.blobBytes + [1])
        let source = TestSource(Self.archive.blobBytes)
        try unpack(source)
        #expect(source.offsets == [0])
        try expectLayer()
    }

    @Test func `a source that stays bad is tried once more and leaves nothing`() throws {
        try leave(Array(Self.archive.blobBytes.prefix(1000)))
        var bytes = Self.archive.blobBytes
        bytes[2_000_000] ^= 1
        let source = TestSource(bytes)
        #expect(throws: LayerError.self) { try unpack(source) }
        #expect(source.offsets == [1000, 0])
        #expect(fixture.leftovers.isEmpty)
    }

    @Test func `of a source that is not to be resumed nothing is kept`() throws {
        #expect(throws: TestSource.Lost()) {
            try unpack(TestSource(Self.archive.blobBytes, lostAfter: 1_000_000), isResumable: false)
        }
        #expect(fixture.leftovers.isEmpty)
    }
}
