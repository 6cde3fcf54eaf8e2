import OCI
import Tar
import Testing

@testable import LayerIndex

/// A damaged index is refused, or read without leaving it: never a trap, whatever the bytes.
struct LayerIndexDamageTests {
    @Test func `every changed byte is noticed`() throws {
        let file = try sample()
        for position in file.indices {
            var damaged = file
            damaged[position] ^= UInt8(1 << (position % 8))
            #expect(!isReadable(damaged), "byte \(position)")
        }
    }

    @Test func `every length is noticed`() throws {
        let file = try sample()
        for length in 0..<file.count { #expect(!isReadable(Array(file[..<length])), "\(length) bytes") }
        #expect(!isReadable(file + [0]))
    }

    @Test func `another version is refused`() throws {
        var file = try sample()
        file[8] = 2
        #expect(
            throws: LayerIndexError.unreadable(
                diffID: layerDigest, reason: "it has version 2, this program reads version 1")
        ) { _ = try LayerIndex(LoadedFile(bytes: file), diffID: layerDigest) }
    }

    @Test(arguments: 0..<8)
    func `random damage under a right checksum never traps`(series: Int) throws {
        let file = try sample()
        var state = UInt64(series)
        let random = { () -> UInt64 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var accepted = 0
        for _ in 0..<300 {
            var damaged = file
            for _ in 0...random() % 3 {
                let position = 64 + Int(random()) % (file.count - 64)
                damaged[position] = [0, 0xff, 0x7f, UInt8(truncatingIfNeeded: random())][Int(random() % 4)]
            }
            damaged.withUnsafeMutableBytes { LayerIndexFormat.seal.seal($0, identity: layerDigest) }
            if isReadable(damaged) { accepted += 1 }
        }
        #expect(accepted < 300)
    }

    /// Whether the index can be opened; reads everything in it when it can.
    private func isReadable(_ bytes: [UInt8]) -> Bool {
        guard let index = try? LayerIndex(LoadedFile(bytes: bytes), diffID: layerDigest) else { return false }
        var sum = 0
        for position in 0..<index.entryCount {
            let entry = index[position]
            sum &+=
                index.path(of: entry).count + Int(entry.mode) + index.linkTarget(of: entry).reduce(0) { $0 + Int($1) }
            if entry.kind == .sparse { for extent in entry.extents { sum &+= Int(index.extent(extent).length >> 32) } }
            let attributes = index.attributes(entry.attributeSet)
            for name in attributes.names.split(separator: 0) {
                let name = Array(name)
                sum &+= name.withUnsafeBytes { attributes.value(of: $0)?.reduce(0) { $0 + Int($1) } ?? 0 }
            }
        }
        return sum >= 0 || sum < 0
    }

    private func sample() throws -> [UInt8] {
        var sparse = TarEntry(kind: .regular, path: Array("d/sparse".utf8), mode: 0o644)
        sparse.size = 100
        sparse.extents = [
            .init(fileOffset: 10, archiveOffset: 512, length: 20), .init(fileOffset: 40, archiveOffset: 532, length: 5),
        ]
        var file = TarEntry(kind: .regular, path: Array("d/file".utf8), mode: 0o644)
        file.size = 7
        file.extents = [.init(fileOffset: 0, archiveOffset: 2048, length: 7)]
        file.extendedAttributes = [attribute("user.a", [1, 2]), attribute("user.b", [])]
        var device = TarEntry(kind: .characterDevice, path: Array("dev".utf8), mode: 0o600)
        device.deviceMajor = 1
        return try makeFile([
            TarEntry(kind: .directory, path: Array("d".utf8), mode: 0o755), sparse, file, device,
            link(.symbolicLink, "d/l", "../target"), link(.hardLink, "h", "d/file"),
            TarEntry(kind: .fifo, path: Array("d/.wh.x".utf8), mode: 0),
            TarEntry(kind: .fifo, path: Array("d/.wh..wh..opq".utf8), mode: 0),
        ])
    }
}
