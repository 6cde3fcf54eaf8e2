import Content
import Glibc
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Compression
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

    /// Keeps `bytes` as the start of the blob.
    private func leave(_ bytes: [UInt8]) throws {
        let partial = try fixture.store.partialBlob(Self.archive.blob.digest)
        try bytes.withUnsafeBytes { try partial.keep($0) }
    }

    /// Of a gzip blob: what comes twice is what was inflated since the last checkpoint.
    @Test(arguments: [0, 1, 5, 262_143, 262_144, 1_000_001, 1_500_000, 4_000_000, 4_400_000])
    func `a lost connection costs little that had arrived`(_ byteCount: Int) throws {
        #expect(throws: TestSource.Lost()) {
            try unpack(TestSource(Self.archive.blobBytes, lostAfter: byteCount))
        }
        #expect(fixture.layers.isEmpty)
        #expect(fixture.leftovers == ["\(Self.archive.blob.digest.hex).partial"])
        let again = TestSource(Self.archive.blobBytes)
        try unpack(again)
        let offset = try #require(again.offsets.first)
        #expect(again.offsets.count == 1 && offset <= byteCount && offset > byteCount - 1_500_000)
        try expectLayer()
    }

    static let incompressible = TestArchive(archive.bytes, blobBytes: archive.bytes)
    static let zstd = TestArchive(
        archive.bytes,
        blobBytes: {
            var frame: [UInt8] = []
            _ = archive.bytes.withUnsafeBytes { ZstdCompressor(level: 1)?.append($0, to: &frame) }
            return frame
        }())

    @Test(arguments: [incompressible, zstd], [4, 262_143, 262_144, 1_000_001, 4_000_000])
    func `of a blob without checkpoints its bytes are kept, and none comes twice`(
        _ archive: TestArchive, _ byteCount: Int
    ) throws {
        func unpack(_ source: TestSource) throws {
            try unpacker.unpack(archive.blob, diffID: archive.diffID, from: source)
        }
        #expect(throws: TestSource.Lost()) { try unpack(TestSource(archive.blobBytes, lostAfter: byteCount)) }
        let again = TestSource(archive.blobBytes)
        try unpack(again)
        #expect(again.offsets == [Int64(byteCount)])
        try expectLayer()
    }

    private static func ofMembers(_ bytes: [UInt8]) -> TestArchive {
        let pieces = stride(from: 0, to: bytes.count, by: 400_000).map {
            GzipWriter.gzip(Array(bytes[$0..<min($0 + 400_000, bytes.count)]))
        }
        return TestArchive(bytes, blobBytes: pieces.flatMap { $0 })
    }

    /// Copies the files in `directory` into one that is made: what a daemon that is killed at this moment leaves.
    private static func copy(_ directory: String, to target: String) throws {
        mkdir(target, 0o700)
        for name in TemporaryDirectory.names(in: directory) {
            let source = try FileDescriptor.open(FilePath(directory + "/" + name), .readOnly)
            defer { try? source.close() }
            let file = try FileDescriptor.open(
                FilePath(target + "/" + name), .writeOnly, options: .create, permissions: .ownerReadWrite)
            defer { try? file.close() }
            var bytes = [UInt8](repeating: 0, count: Int(try source.seek(offset: 0, from: .end)))
            let count = try bytes.withUnsafeMutableBytes { try source.read(fromAbsoluteOffset: 0, into: $0) }
            try file.writeAll(bytes.prefix(count))
        }
    }

    @Test(arguments: [archive, ofMembers(archive.bytes)])
    func `a process that ended at any moment is gone on for`(_ archive: TestArchive) throws {
        let name = "/blobs/sha256/\(archive.blob.digest.hex).partial"
        for moment in stride(from: 300_000, to: archive.blobBytes.count, by: 600_000) {
            let successor = try StoreFixture()
            let source = TestSource(archive.blobBytes) { [fixture] position in
                guard position == moment else { return }
                try Self.copy(fixture.path + name, to: successor.path + name)
            }
            try unpacker.unpack(archive.blob, diffID: archive.diffID, from: source)
            try fixture.store.removeLayer(archive.diffID)

            let again = TestSource(archive.blobBytes)
            try LayerUnpacker(store: successor.store).unpack(archive.blob, diffID: archive.diffID, from: again)
            #expect(again.offsets.count == 1)
            if moment > 3_700_000 { #expect(again.offsets[0] > 0) }
            let layer = try #require(try successor.store.layer(archive.diffID))
            #expect(try successor.bytes(of: layer) == archive.bytes)
            #expect(try layer.index()?.entryCount == 30)
            #expect(successor.leftovers.isEmpty)
            let checkpoints = try CheckpointFile(try #require(try layer.checkpoints()), diffID: archive.diffID)
            try checkpoints.check(against: layer.data)
            #expect(checkpoints.count >= 4)
            for position in 0..<checkpoints.count {
                let checkpoint = try checkpoints.checkpoint(at: position)
                let rest = try archive.inflated(10_000, from: checkpoint)
                #expect(rest.elementsEqual(archive.bytes[Int(checkpoint.byteOffset)...].prefix(rest.count)))
            }
        }
    }

    @Test(arguments: ["notes", "data", "blob"])
    func `what was left and cannot be read is fetched again`(_ name: String) throws {
        let path = fixture.path + "/blobs/sha256/\(Self.archive.blob.digest.hex).partial/"
        if name == "blob" {
            try leave(Array(Self.archive.blobBytes.prefix(100_000)))
        } else {
            #expect(throws: TestSource.Lost()) {
                try unpack(TestSource(Self.archive.blobBytes, lostAfter: 4_000_000))
            }
        }
        if name == "data" {
            // Cut off behind our back: the last note's window is not there.
            let archive = try FileDescriptor.open(FilePath(path + name), .writeOnly)
            try archive.closeAfter { try archive.resize(to: 10) }
        } else {
            // Reading a directory fails, as reading a bad block does.
            unlink(path + name)
            mkdir(path + name, 0o700)
        }
        let source = TestSource(Self.archive.blobBytes)
        try unpack(source)
        #expect(source.offsets.last == 0)
        try expectLayer()
    }

    @Test func `a source that is away costs nothing that was there`() throws {
        #expect(throws: TestSource.Lost()) { try unpack(TestSource(Self.archive.blobBytes, lostAfter: 4_000_000)) }
        var offsets: [Int64] = []
        for _ in 0..<5 {
            let source = TestSource([], lostAfter: 0)
            #expect(throws: TestSource.Lost()) { try unpack(source) }
            offsets += source.offsets
        }
        let source = TestSource(Self.archive.blobBytes)
        try unpack(source)
        #expect(Set(offsets + source.offsets).count == 1 && offsets[0] > 2_000_000)
        try expectLayer()
    }

    @Test func `a note that was changed is none, and what follows it neither`() throws {
        let points = (0..<4).map { number in
            ResumePoint(
                Checkpoint(
                    compressedBitOffset: UInt64(number) * 4001 + 80, byteOffset: UInt64(number) * 10_000,
                    window: [UInt8](repeating: 0, count: number * 100)),
                blobHash: SHA256.State(words: [UInt32](1...8), byteCount: UInt64(number) * 64))
        }
        let notes = points.flatMap(\.encoded)
        #expect(notes.count == 4 * ResumePoint.byteCount)
        func read(_ notes: [UInt8], archive: UInt64 = 30_000, blob: UInt64 = 10_000) -> [ResumePoint] {
            ResumePoint.points(in: notes, archiveByteCount: archive, blobByteCount: blob)
        }
        #expect(read(notes) == points)
        #expect(read(notes, archive: 29_999) == Array(points[..<3]))
        #expect(read(notes, blob: 1500) == Array(points[..<3]))
        #expect(read(notes.dropLast()) == Array(points[..<3]))
        #expect(read(points[1].encoded + points[0].encoded) == [points[1]])
        for position in notes.indices {
            var damaged = notes
            damaged[position] ^= 0x20
            #expect(read(damaged) == Array(points[..<(position / ResumePoint.byteCount)]))
        }
    }

    enum Damage: CaseIterable { case archive, hash, bitOffset, window, order, half, none }

    @Test(arguments: Damage.allCases)
    func `notes that have gone bad do no harm`(_ damage: Damage) throws {
        #expect(throws: TestSource.Lost()) {
            try unpack(TestSource(Self.archive.blobBytes, lostAfter: 4_000_000))
        }
        do {
            let partial = try fixture.store.partialBlob(Self.archive.blob.digest)
            var notes = try partial.notes()
            let last = notes.count - ResumePoint.byteCount
            switch damage {
            case .archive: try partial.archive.writeAll(toAbsoluteOffset: 70_000, [0xEE])
            case .hash: notes[last + 40] ^= 1
            case .bitOffset: notes[last] ^= 0x40
            case .window: notes[last + 17] ^= 1
            case .order: notes.swapAt(8, last + 8)
            case .half: notes.removeLast(10)
            case .none: break
            }
            try partial.rewind(
                archiveByteCount: partial.archive.seek(offset: 0, from: .end), notesByteCount: 0)
            try partial.note(notes)
        }
        let source = TestSource(Self.archive.blobBytes)
        try unpack(source)
        #expect((1...2).contains(source.offsets.count))
        // A note that is damaged is not believed, the one before it is.
        #expect(source.offsets.last == 0 || damage != .archive)
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
