import Tar
import TestSupport
import Testing

/// Damaged archives: whatever comes in, the parser neither traps nor says anything that cannot be.
@Suite struct MutationTests {
    static let archives: [[UInt8]] =
        [
            GoldenArchives.bsdGNU, GoldenArchives.bsdPAX, GoldenArchives.gnuOld, GoldenArchives.gnuPAX,
            GoldenArchives.gnuSparse00, GoldenArchives.gnuSparse01, GoldenArchives.gnuV7, GoldenArchives.pythonPAX,
        ].map(GoldenTests.bytes) + SparseTests.sameFile.map(\.archive)

    @Test(arguments: 0..<archives.count)
    func `Damaged archives give entries that make sense, or an error`(number: Int) {
        let archive = Self.archives[number]
        var random = SeededGenerator(seed: UInt64(number))
        for _ in 0..<60 {
            var damaged = archive
            for _ in 0...random.below(4) { Self.damage(&damaged, &random) }
            // Most damage would end at the checksum.
            if random.below(8) != 0 { Self.repairChecksums(&damaged) }
            let pieceByteCount = [nil, 1, 100, 512, 700][random.below(5)]
            let result = parse(damaged, pieceByteCount: pieceByteCount)
            for entry in result.entries.dropLast(result.error == nil ? 0 : 1) {
                Self.check(entry, archiveByteCount: damaged.count)
            }
        }
    }

    @Test func `Noise with good checksums gives entries that make sense, or an error`() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<300 {
            var noise = (0..<512 * 6).map { _ in random.below(3) == 0 ? UInt8(random.below(256)) : 0x30 }
            for block in 0..<6 { noise[block * 512 + 156] = Array("0125LKxgSD7".utf8)[random.below(11)] }
            Self.repairChecksums(&noise)
            let result = parse(noise, pieceByteCount: 1000)
            for entry in result.entries.dropLast(result.error == nil ? 0 : 1) {
                Self.check(entry, archiveByteCount: noise.count)
            }
        }
    }

    static func check(_ entry: TarEntry, archiveByteCount: Int) {
        #expect(entry.mode <= 0o7777)
        #expect(entry.modificationNanoseconds < 1_000_000_000)
        #expect(entry.path.count <= 4096 && entry.linkPath.count <= 4096)
        #expect(entry.size <= UInt64(Int64.max))
        #expect(entry.kind == .regular || (entry.size == 0 && entry.extents.isEmpty))
        #expect((entry.kind == .symbolicLink || entry.kind == .hardLink) != entry.linkPath.isEmpty)
        #expect(Set(entry.extendedAttributes.map(\.name)).count == entry.extendedAttributes.count)
        var fileEnd: UInt64 = 0
        var archiveEnd = entry.headerOffset
        for extent in entry.extents {
            #expect(extent.length > 0)
            #expect(extent.fileOffset >= fileEnd)
            #expect(extent.archiveOffset >= archiveEnd)
            fileEnd = extent.fileOffset + extent.length
            archiveEnd = extent.archiveOffset + extent.length
        }
        #expect(fileEnd <= entry.size)
        #expect(archiveEnd <= UInt64(archiveByteCount))
    }

    static func damage(_ archive: inout [UInt8], _ random: inout SeededGenerator) {
        guard archive.count > 512 else { return }
        let position = random.below(archive.count)
        switch random.below(7) {
        case 0: archive[position] ^= 1 << UInt8(random.below(8))
        case 1: archive[position] = UInt8(random.below(256))
        case 2: archive[position] = [0, 0x20, 0x2d, 0x30, 0x37, 0x39, 0x80, 0xff][random.below(8)]
        case 3: archive.remove(at: position)
        case 4: archive.insert(UInt8(random.below(256)), at: position)
        case 5: archive.removeSubrange((position / 512 * 512)..<min(archive.count, position / 512 * 512 + 512))
        default:
            let block = position / 512 * 512
            let field = [(124, 12), (0, 100), (157, 100), (386, 97), (483, 12), (156, 1)][random.below(6)]
            guard block + 512 <= archive.count else { return }
            for offset in 0..<field.1 { archive[block + field.0 + offset] = UInt8(random.below(256)) }
        }
    }

    /// Gives every block whose checksum field looks like one the right checksum.
    static func repairChecksums(_ archive: inout [UInt8]) {
        for block in stride(from: 0, to: archive.count - 511, by: 512) where archive[block + 148] != 0 {
            archive.replaceSubrange(block + 148..<block + 156, with: Array("        ".utf8))
            let sum = archive[block..<block + 512].reduce(0) { $0 + Int($1) }
            let digits = String(sum, radix: 8)
            archive.replaceSubrange(
                block + 148..<block + 155,
                with: Array((String(repeating: "0", count: 6 - digits.utf8.count) + digits + "\0").utf8))
        }
    }
}
