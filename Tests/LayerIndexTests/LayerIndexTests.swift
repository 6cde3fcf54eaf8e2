import Content
import OCI
import Tar
import Testing

@testable import LayerIndex

let layerDigest = SHA256.digest(of: [1])

struct LayerIndexTests {
    @Test func `every field of every kind of entry comes back`() throws {
        var file = TarEntry(kind: .regular, path: Array("./usr/bin/file".utf8), mode: 0o4755)
        file.userID = 1000
        file.groupID = 1001
        file.modificationSeconds = -5
        file.modificationNanoseconds = 123_456_789
        file.size = 10
        file.extents = [.init(fileOffset: 0, archiveOffset: 512, length: 10)]
        file.extendedAttributes = [attribute("user.b", [2, 0]), attribute("security.capability", [1])]
        var sparse = TarEntry(kind: .regular, path: Array("sparse".utf8), mode: 0o644)
        sparse.size = 1 << 33
        sparse.extents = [
            .init(fileOffset: 4096, archiveOffset: 1024, length: 100),
            .init(fileOffset: 1 << 32, archiveOffset: 1124, length: 8),
        ]
        var device = TarEntry(kind: .blockDevice, path: Array("dev/sda".utf8), mode: 0o660)
        device.deviceMajor = 4095
        device.deviceMinor = 1_048_575
        let index = try makeIndex([
            TarEntry(kind: .directory, path: Array("./".utf8), mode: 0o700), file, sparse, device,
            link(.symbolicLink, "usr/link", "../x//y"), link(.hardLink, "usr/bin/hard", "./usr//bin/file"),
            TarEntry(kind: .fifo, path: Array("fifo".utf8), mode: 0o600),
            TarEntry(kind: .regular, path: Array("usr/.wh.gone".utf8), mode: 0o600),
            TarEntry(kind: .regular, path: Array("usr/.wh..wh..opq".utf8), mode: 0o600),
            TarEntry(kind: .directory, path: Array(".wh..wh.plnk".utf8), mode: 0o600),
        ])
        #expect(index.entryCount == 9)
        #expect(index.byteCount == 10_000)
        #expect(
            (0..<9).map { String(decoding: index.path(of: index[$0]), as: UTF8.self) } == [
                "", "usr/bin/file", "sparse", "dev/sda", "usr/link", "usr/bin/hard", "fifo", "usr/gone", "usr",
            ])
        #expect(
            (0..<9).map { index[$0].kind } == [
                .directory, .regular, .sparse, .blockDevice, .symbolicLink, .hardLink, .fifo, .whiteout, .opaque,
            ])
        #expect(index[0].mode == 0o700)
        #expect(index[1].mode == 0o4755)
        #expect(index[1].userID == 1000)
        #expect(index[1].groupID == 1001)
        #expect(index[1].modificationSeconds == -5)
        #expect(index[1].modificationNanoseconds == 123_456_789)
        #expect(index[1].size == 10)
        #expect(index[1].archiveOffset == 512)
        let attributes = index.attributes(index[1].attributeSet)
        #expect(Array(attributes.names) == Array("security.capability\0user.b\0".utf8))
        #expect(value("user.b", in: attributes) == [2, 0])
        #expect(value("security.capability", in: attributes) == [1])
        #expect(value("user.", in: attributes) == nil)
        #expect(value("user.bb", in: attributes) == nil)
        #expect(index[2].size == 1 << 33)
        #expect(index[2].extents.map { index.extent($0).archiveOffset } == [1024, 1124])
        #expect(index[3].deviceMajor == 4095 && index[3].deviceMinor == 1_048_575)
        #expect(Array(index.linkTarget(of: index[4])) == Array("../x//y".utf8))
        #expect(Array(index.linkTarget(of: index[5])) == Array("usr/bin/file".utf8))
    }

    @Test func `the same entries make the same bytes`() throws {
        let entries = (0..<500).map { TarEntry(kind: .fifo, path: Array("d\($0 % 7)/f\($0)".utf8), mode: 0o600) }
        #expect(try makeFile(entries) == makeFile(entries))
    }

    @Test func `a layer without entries has an index`() throws {
        #expect(try makeIndex([]).entryCount == 0)
    }

    @Test func `names need not be UTF-8`() throws {
        let index = try makeIndex([TarEntry(kind: .fifo, path: [0xff, 0x2f, 0xc3, 0x28], mode: 0)])
        #expect(index.path(of: index[0]) == [0xff, 0x2f, 0xc3, 0x28])
    }

    @Test func `overlay's own attributes and owner minus one are not kept`() throws {
        var entry = TarEntry(kind: .directory, path: Array("d".utf8), mode: 0o755)
        entry.userID = .max
        entry.extendedAttributes = [
            attribute("trusted.overlay.opaque", [0x79]), attribute("user.overlay.redirect", [1]),
        ]
        let index = try makeIndex([entry])
        #expect(index[0].attributeSet == 0)
        #expect(index[0].userID == 0)
    }

    @Test(arguments: invalidEntries.indices)
    func `an entry that no file system can hold is refused with its path`(position: Int) {
        let fault = invalidEntries[position].1
        var entry = invalidEntries[position].0
        entry.headerOffset = 1536
        #expect(
            throws: LayerIndexError.invalidEntry(
                path: String(decoding: entry.path, as: UTF8.self), archiveOffset: 1536, fault)
        ) { _ = try makeFile([entry]) }
    }

    @Test func `limits on entries and bytes are clear errors`() {
        let entries = (0..<100).map { TarEntry(kind: .fifo, path: Array("f\($0)".utf8), mode: 0) }
        var limits = LayerLimits()
        limits.maximumEntryCount = 99
        #expect(throws: LayerIndexError.tooLarge(.entries, limit: 99)) { _ = try makeFile(entries, limits: limits) }
        limits.maximumEntryCount = 100
        limits.maximumIndexByteCount = 2000
        #expect(throws: LayerIndexError.tooLarge(.indexBytes, limit: 2000)) {
            _ = try makeFile(entries, limits: limits)
        }
    }

    @Test func `an index of another layer is refused`() throws {
        let file = try makeFile([])
        let other = SHA256.digest(of: [2])
        #expect(throws: LayerIndexError.unreadable(diffID: other, reason: "it belongs to another digest")) {
            _ = try LayerIndex(LoadedFile(bytes: file), diffID: other)
        }
    }
}

private let invalidEntries: [(TarEntry, EntryFault)] = {
    var farDevice = TarEntry(kind: .characterDevice, path: Array("dev".utf8), mode: 0)
    farDevice.deviceMajor = 4096
    var badExtents = TarEntry(kind: .regular, path: Array("f".utf8), mode: 0)
    badExtents.size = 10
    badExtents.extents = [.init(fileOffset: 5, archiveOffset: 0, length: 6)]
    var longAttribute = TarEntry(kind: .regular, path: Array("f".utf8), mode: 0)
    longAttribute.extendedAttributes = [attribute("user.big", [UInt8](repeating: 0, count: 65_537))]
    return [
        (farDevice, .deviceOutOfRange), (badExtents, .invalidExtents),
        (longAttribute, .extendedAttribute(name: "user.big")),
        (TarEntry(kind: .fifo, path: Array("./".utf8), mode: 0), .rootIsNotADirectory),
        (TarEntry(kind: .regular, path: [], mode: 0), .rootIsNotADirectory),
        (link(.symbolicLink, "l", ""), .emptyLinkTarget), (link(.symbolicLink, "l", "a\0b"), .nulByte),
        (link(.hardLink, "l", ""), .emptyLinkTarget), (link(.hardLink, "l", "../x"), .parentComponent),
        (link(.symbolicLink, "l", String(repeating: "x", count: 4096)), .longPath(limit: 4095)),
        (TarEntry(kind: .fifo, path: Array("a/.wh.".utf8), mode: 0), .invalidWhiteout),
    ]
}()

func attribute(_ name: String, _ value: [UInt8]) -> TarEntry.ExtendedAttribute {
    .init(name: Array(name.utf8), value: value)
}

func link(_ kind: TarEntry.Kind, _ path: String, _ target: String) -> TarEntry {
    var entry = TarEntry(kind: kind, path: Array(path.utf8), mode: 0o777)
    entry.linkPath = Array(target.utf8)
    return entry
}

func makeFile(_ entries: [TarEntry], limits: LayerLimits = LayerLimits()) throws(LayerIndexError) -> [UInt8] {
    var builder = LayerIndexBuilder(limits: limits)
    for entry in entries { try builder.add(entry) }
    return builder.finish(diffID: layerDigest, byteCount: 10_000)
}

func makeIndex(_ entries: [TarEntry]) throws -> LayerIndex {
    try LayerIndex(LoadedFile(bytes: makeFile(entries)), diffID: layerDigest)
}

func value(_ name: String, in set: AttributeSet) -> [UInt8]? {
    Array(name.utf8).withUnsafeBytes { name in set.value(of: name).map { Array($0) } }
}
