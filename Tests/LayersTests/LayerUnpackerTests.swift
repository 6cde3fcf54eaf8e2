import LayerIndex
import OCI
import Store
import Synchronization
import SystemPackage
import Testing

@testable import Compression
@testable import Layers

@Suite(.timeLimit(.minutes(1)))
struct LayerUnpackerTests {
    static let small = TestArchive(fileCount: 3, fileByteCount: 700)
    static let large = TestArchive(fileCount: 30, fileByteCount: 150_000)

    let fixture: StoreFixture
    let unpacker: LayerUnpacker

    init() throws {
        fixture = try StoreFixture()
        unpacker = LayerUnpacker(store: fixture.store)
    }

    private func expectLayer(_ archive: TestArchive, entryCount: Int) throws {
        let layer = try #require(try fixture.store.layer(archive.diffID))
        #expect(try fixture.bytes(of: layer) == archive.bytes)
        let index = try #require(try layer.index())
        #expect(index.entryCount == entryCount)
        #expect(index.byteCount == UInt64(archive.bytes.count))
        #expect(fixture.leftovers.isEmpty)
    }

    @Test(arguments: [true, false])
    func `a gzip blob becomes a layer`(_ isResumable: Bool) throws {
        let source = TestSource(Self.large.blobBytes)
        try unpacker.unpack(Self.large.blob, diffID: Self.large.diffID, from: source, isResumable: isResumable)
        try expectLayer(Self.large, entryCount: 30)
        #expect(source.offsets == [0])
    }

    @Test(arguments: [1, 511, 1 << 18, 1 << 22])
    func `the pieces in which a blob comes do not matter`(_ pieceByteCount: Int) throws {
        let archive = pieceByteCount == 1 ? Self.small : Self.large
        let source = TestSource(archive.blobBytes, pieceByteCount: pieceByteCount)
        try unpacker.unpack(archive.blob, diffID: archive.diffID, from: source)
        try expectLayer(archive, entryCount: pieceByteCount == 1 ? 3 : 30)
    }

    @Test func `a blob that is not compressed becomes a layer`() throws {
        let archive = TestArchive(Self.large.bytes, blobBytes: Self.large.bytes)
        try unpacker.unpack(archive.blob, diffID: archive.diffID, from: TestSource(archive.blobBytes))
        try expectLayer(archive, entryCount: 30)
    }

    @Test func `a blob of several gzip members becomes a layer`() throws {
        let middle = Self.small.bytes.count / 2
        let blobBytes =
            GzipWriter.gzip(Array(Self.small.bytes[..<middle])) + GzipWriter.gzip(Array(Self.small.bytes[middle...]))
            + [0, 0, 0]
        let archive = TestArchive(Self.small.bytes, blobBytes: blobBytes)
        try unpacker.unpack(archive.blob, diffID: archive.diffID, from: TestSource(blobBytes))
        try expectLayer(archive, entryCount: 3)
    }

    @Test(arguments: [TestArchive([], blobBytes: []), TestArchive([]), TestArchive([UInt8](repeating: 0, count: 1024))])
    func `a layer may be empty`(_ archive: TestArchive) throws {
        try unpacker.unpack(archive.blob, diffID: archive.diffID, from: TestSource(archive.blobBytes))
        try expectLayer(archive, entryCount: 0)
    }

    @Test func `a layer that is there already can be unpacked again`() throws {
        for _ in 0..<2 {
            try unpacker.unpack(Self.small.blob, diffID: Self.small.diffID, from: TestSource(Self.small.blobBytes))
        }
        try expectLayer(Self.small, entryCount: 3)
    }

    @Test func `progress only goes forward and ends with everything`() throws {
        let seen = Mutex<[UnpackProgress]>([])
        try unpacker.unpack(Self.large.blob, diffID: Self.large.diffID, from: TestSource(Self.large.blobBytes)) {
            (progress) in seen.withLock { $0.append(progress) }
        }
        let steps = seen.withLock { $0 }
        #expect(steps.count > 10)
        for (before, after) in zip(steps, steps.dropFirst()) {
            #expect(before.fetchedByteCount <= after.fetchedByteCount)
            #expect(before.unpackedByteCount <= after.unpackedByteCount)
        }
        #expect(steps.last?.fetchedByteCount == Self.large.blob.size)
        #expect(steps.last?.unpackedByteCount == Int64(Self.large.bytes.count))
    }
}
