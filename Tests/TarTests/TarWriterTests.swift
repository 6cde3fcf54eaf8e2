import Tar
import Testing

struct TarWriterTests {
    private static func archive(_ entries: [TarEntry], content: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries {
            bytes += TarWriter.header(of: entry)
            let count = TarWriter.contentByteCount(of: entry)
            bytes += content.prefix(Int(count))
            bytes += [UInt8](repeating: 0, count: TarWriter.paddingByteCount(after: count))
        }
        return bytes + TarWriter.end
    }

    /// An entry as the parser gives it back, without where things stand in the archive.
    private static func plain(_ entry: TarEntry) -> TarEntry {
        var entry = entry
        entry.headerOffset = 0
        for position in entry.extents.indices { entry.extents[position].archiveOffset = 0 }
        entry.extents.removeAll { $0.length == 0 }
        return entry
    }

    private static let samples: [TarEntry] = {
        func entry(_ kind: TarEntry.Kind, _ path: String, _ change: (inout TarEntry) -> Void = { _ in }) -> TarEntry {
            var entry = TarEntry(kind: kind, path: Array(path.utf8), mode: 0o755)
            change(&entry)
            return entry
        }
        let long = String(repeating: "directory/", count: 30)
        return [
            entry(.directory, "./") { $0.modificationSeconds = 1_700_000_000 },
            entry(.directory, long),
            entry(.regular, String(repeating: "x", count: 100)) { $0.mode = 0o6755 },
            entry(.regular, String(repeating: "x", count: 101)),
            entry(.regular, "ids") {
                $0.userID = 0o7_777_777
                $0.groupID = 0o10_000_000
            },
            entry(.regular, "greatest ids") {
                $0.userID = .max - 1
                $0.groupID = .max - 1
            },
            entry(.symbolicLink, "link") { $0.linkPath = Array((long + "target").utf8) },
            entry(.hardLink, "again") { $0.linkPath = Array("ids".utf8) },
            entry(.characterDevice, "tty") {
                $0.deviceMajor = 4
                $0.deviceMinor = 1_048_575
            },
            entry(.blockDevice, "disk") {
                $0.deviceMajor = 4095
                $0.deviceMinor = 7
            },
            entry(.fifo, "pipe"),
            entry(.fifo, "early") { $0.modificationSeconds = -1 },
            entry(.fifo, "earlier") {
                $0.modificationSeconds = -2
                $0.modificationNanoseconds = 750_000_000
            },
            entry(.fifo, "late") {
                $0.modificationSeconds = 1 << 40
                $0.modificationNanoseconds = 1
            },
            entry(.regular, "attributes") {
                $0.extendedAttributes = [
                    .init(name: Array("security.capability".utf8), value: [1, 0, 0, 2, 10, 61]),
                    .init(name: Array("user.empty".utf8), value: []),
                ]
            },
            entry(.regular, "n\u{F6}t ascii\n") { $0.path.append(0xff) },
        ]
    }()

    @Test(arguments: samples)
    func `What is written is read`(_ entry: TarEntry) {
        let parsed = entries(Self.archive([entry])).map(Self.plain)
        #expect(parsed == [entry])
    }

    @Test func `Everything at once, and the same bytes every time`() {
        let archive = Self.archive(Self.samples)
        #expect(entries(archive).map(Self.plain) == Self.samples)
        #expect(Self.archive(Self.samples) == archive)
        #expect(archive.count % 512 == 0)
    }

    @Test(arguments: [0, 1, 511, 512, 513])
    func `Content is padded to a block`(_ byteCount: Int) throws {
        var file = TarEntry(kind: .regular, path: Array("f".utf8), mode: 0o644)
        file.size = UInt64(byteCount)
        if byteCount > 0 { file.extents = [.init(fileOffset: 0, archiveOffset: 0, length: file.size)] }
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
        let archive = Self.archive([file, Self.samples[10]], content: content)
        let parsed = entries(archive)
        #expect(parsed.count == 2)
        #expect(try #require(parsed.first).content(in: archive) == content)
    }

    @Test(
        arguments: [
            (ranges: [0..<100], size: UInt64(4096), extents: [0, 512]),
            (ranges: [1000..<2000, 2047..<2049], size: 4096, extents: [512, 2048]),
            (ranges: [1000..<1001, 3000..<3500], size: 3500, extents: [512, 512, 2560, 940]),
            (ranges: [], size: 1 << 40, extents: []),
            (ranges: [0..<512], size: 1 << 33, extents: [0, 512]),
        ] as [(ranges: [Range<UInt64>], size: UInt64, extents: [UInt64])])
    func `A sparse file stores its data alone`(_ ranges: [Range<UInt64>], _ size: UInt64, _ expected: [UInt64]) throws {
        var file = TarEntry(kind: .regular, path: Array("dir/holes".utf8), mode: 0o600)
        file.size = size
        file.extents = TarWriter.blockExtents(of: ranges, size: size)
        #expect(file.extents.flatMap { [$0.fileOffset, $0.length] } == expected)
        let content = [UInt8](repeating: 7, count: Int(TarWriter.contentByteCount(of: file)))
        let parsed = try #require(entries(Self.archive([file], content: content)).first)
        #expect(Self.plain(parsed) == file)
    }
}
