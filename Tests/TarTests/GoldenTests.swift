import Tar
import Testing

/// Archives as other programs write them.
@Suite struct GoldenTests {
    struct Golden: CustomTestStringConvertible {
        var name: String
        var archive: String
        /// A line for each member: kind, mode, user and group, size, time, path, link target, extents' lengths, attributes.
        var members: String
        var testDescription: String { name }
    }

    @Test(arguments: goldens)
    func `Archives of other programs have the members that were put in`(golden: Golden) {
        let archive = Self.bytes(golden.archive)
        let entries = entries(archive)
        let members = entries.map(Self.line).joined(separator: "\n")
        #expect(members == golden.members)
        for entry in entries where entry.kind == .regular {
            #expect(entry.content(in: archive) == Self.content(of: entry), "\(golden.name): \(entry.name)")
        }
    }

    /// What Tests/Tools/make-tar-goldens has put into the files.
    static func content(of entry: TarEntry) -> [UInt8] {
        switch entry.name {
        case "file": return Array("hello".utf8)
        case "\u{e4}": return Array("utf".utf8)
        case "past": return []
        case "sparse":
            var content = [UInt8](repeating: 0, count: 102400)
            content.replaceSubrange(0..<3, with: Array("abc".utf8))
            content.replaceSubrange(65536..<65539, with: Array("xyz".utf8))
            return content
        default: return Array((entry.path.last == 0xe9 ? "latin" : "long").utf8)
        }
    }

    static func line(_ entry: TarEntry) -> String {
        let kind = "d-lhcbp".map(String.init)[Int(entry.kind.rawValue)]
        let nanoseconds = String(entry.modificationNanoseconds)
        var words = [
            kind, String(entry.mode, radix: 8), "\(entry.userID):\(entry.groupID)", "\(entry.size)",
            "\(entry.modificationSeconds)+\(nanoseconds)", quoted(entry.path),
        ]
        if !entry.linkPath.isEmpty { words += ["->", quoted(entry.linkPath)] }
        if entry.kind == .characterDevice || entry.kind == .blockDevice {
            words.append("\(entry.deviceMajor),\(entry.deviceMinor)")
        }
        if entry.extents.count > 1 {
            words.append(entry.extents.map { "\($0.length)@\($0.fileOffset)" }.joined(separator: "+"))
        }
        for attribute in entry.extendedAttributes {
            // cap_net_raw+ep, as the kernel stores it.
            let isNetRaw = attribute.value == [1, 0, 0, 2, 0, 32] + [UInt8](repeating: 0, count: 14)
            words.append("\(quoted(attribute.name))=\(isNetRaw ? "NET_RAW" : quoted(attribute.value))")
        }
        return words.joined(separator: " ")
    }

    /// Repeated text shortened, bytes that are not printable ASCII as `{xx}`.
    static func quoted(_ bytes: [UInt8]) -> String {
        let text = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return 0x20..<0x7f ~= byte
                ? String(UnicodeScalar(byte)) : "{\(digits.count == 1 ? "0" : "")\(digits)}"
        }.joined()
        var short = text
        for (part, name) in [("directory-", "DIRECTORY"), ("target/", "TARGET"), ("n", "N"), ("t", "T")] {
            for count in [120, 70, 20, 6] where short.hasSuffix(String(repeating: part, count: count)) {
                short = String(short.dropLast(part.count * count)) + "\(name)*\(count)"
            }
            let directory = String(repeating: part, count: 6) + "/"
            if short.hasPrefix(directory) { short = "\(name)*6/" + short.dropFirst(directory.count) }
        }
        return short
    }

    /// Reads the text form of GoldenArchives.
    static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            var block: [UInt8] = []
            var rest = Array(line.utf8)[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "{") else {
                    block.append(byte)
                    continue
                }
                let code = String(decoding: rest.prefix { $0 != UInt8(ascii: "}") }, as: UTF8.self)
                rest = rest.dropFirst(code.utf8.count + 1)
                if code.hasPrefix("*") {
                    block += [UInt8](repeating: 0, count: Int(code.dropFirst()) ?? 0)
                } else {
                    block.append(UInt8(code, radix: 16) ?? 0)
                }
            }
            bytes += block + [UInt8](repeating: 0, count: 512 - block.count)
        }
        return bytes
    }

    static let goldens = [
        Golden(
            name: "bsdGNU", archive: GoldenArchives.bsdGNU,
            members: """
                - 644 0:0 5 981173106+0 caf{e9}
                d 755 0:0 0 981173106+0 DIRECTORY*6/
                - 644 0:0 4 981173106+0 DIRECTORY*6/N*70
                - 4755 0:0 5 981173106+0 file
                h 4755 0:0 0 981173106+0 hard -> file
                l 777 0:0 0 981173106+0 longlink -> TARGET*20
                """),
        Golden(
            // libarchive gives the fraction of a negative time the wrong sign: "sub" is half a second too old.
            name: "bsdPAX", archive: GoldenArchives.bsdPAX,
            members: """
                - 644 0:0 5 981173106+789012345 caf{e9}
                d 755 0:0 0 981173106+789012345 DIRECTORY*6/
                - 644 0:0 4 981173106+789012345 DIRECTORY*6/N*70
                p 644 0:0 0 981173106+789012345 fifo
                - 4755 0:0 5 981173106+789012345 file security.capability=NET_RAW user.note=value
                h 4755 0:0 0 981173106+789012345 hard -> file security.capability=NET_RAW user.note=value
                l 777 1000:100 0 981173106+789012345 link -> file
                l 777 0:0 0 981173106+789012345 longlink -> TARGET*20
                c 644 0:0 0 981173106+789012345 null 1,3
                - 644 0:0 102400 981173106+789012345 sparse 4096@0+4096@65536
                d 755 3000000:3000001 0 -315619201+750000000 sub/
                """),
        Golden(
            name: "bsdUstar", archive: GoldenArchives.bsdUstar,
            members: """
                d 755 0:0 0 981173106+0 DIRECTORY*6/
                - 644 0:0 4 981173106+0 DIRECTORY*6/N*70
                p 644 0:0 0 981173106+0 fifo
                c 644 0:0 0 981173106+0 null 1,3
                """),
        Golden(
            name: "gnuGNU", archive: GoldenArchives.gnuGNU,
            members: """
                - 644 0:0 5 981173106+0 caf{e9}
                d 755 0:0 0 981173106+0 DIRECTORY*6/
                - 644 0:0 4 981173106+0 DIRECTORY*6/N*70
                p 644 0:0 0 981173106+0 fifo
                - 4755 0:0 5 981173106+0 file
                h 4755 0:0 0 981173106+0 hard -> file
                l 777 1000:100 0 981173106+0 link -> file
                l 777 0:0 0 981173106+0 longlink -> TARGET*20
                c 644 0:0 0 981173106+0 null 1,3
                - 644 0:0 102400 981173106+0 sparse 4096@0+4096@65536
                d 755 3000000:3000001 0 -315619200+0 sub/
                """),
        Golden(
            name: "gnuOld", archive: GoldenArchives.gnuOld,
            members: """
                d 755 3000000:3000001 0 -315619200+0 sub/
                - 644 0:0 102400 981173106+0 sparse 4096@0+4096@65536
                l 777 0:0 0 981173106+0 longlink -> TARGET*20
                """),
        Golden(
            name: "gnuPAX", archive: GoldenArchives.gnuPAX,
            members: """
                - 644 0:0 5 981173106+789012345 caf{e9}
                d 755 0:0 0 981173106+789012345 DIRECTORY*6/
                - 644 0:0 4 981173106+789012345 DIRECTORY*6/N*70
                p 644 0:0 0 981173106+789012345 fifo
                - 4755 0:0 5 981173106+789012345 file user.note=value security.capability=NET_RAW
                h 4755 0:0 0 981173106+789012345 hard -> file
                l 777 1000:100 0 981173106+789012345 link -> file
                l 777 0:0 0 981173106+789012345 longlink -> TARGET*20
                c 644 0:0 0 981173106+789012345 null 1,3
                - 644 0:0 102400 981173106+789012345 sparse 4096@0+4096@65536
                d 755 3000000:3000001 0 -315619200+250000000 sub/
                """),
        Golden(
            name: "gnuSparse00", archive: GoldenArchives.gnuSparse00,
            members: """
                - 644 0:0 102400 981173106+789012345 sparse 4096@0+4096@65536
                """),
        Golden(
            name: "gnuSparse01", archive: GoldenArchives.gnuSparse01,
            members: """
                - 644 0:0 102400 981173106+789012345 sparse 4096@0+4096@65536
                """),
        Golden(
            name: "gnuUstar", archive: GoldenArchives.gnuUstar,
            members: """
                d 755 0:0 0 981173106+0 DIRECTORY*6/
                - 644 0:0 4 981173106+0 DIRECTORY*6/N*70
                p 644 0:0 0 981173106+0 fifo
                c 644 0:0 0 981173106+0 null 1,3
                """),
        Golden(
            name: "gnuV7", archive: GoldenArchives.gnuV7,
            members: """
                - 4755 0:0 5 981173106+0 file
                h 4755 0:0 0 981173106+0 hard -> file
                l 777 1000:100 0 981173106+0 link -> file
                """),
        Golden(
            name: "pythonGNU", archive: GoldenArchives.pythonGNU,
            members: """
                d 1777 0:0 0 981173106+0 d/
                - 644 3000000:0 4 981173106+0 d/N*120
                - 644 0:0 5 981173106+0 d/caf{e9}
                l 644 0:0 0 981173106+0 l -> T*120
                h 644 0:0 0 981173106+0 d/h -> d/N*120
                - 644 0:0 0 -5+0 past
                - 644 0:4294967294 3 981173106+0 {c3}{a4}
                """),
        Golden(
            name: "pythonPAX", archive: GoldenArchives.pythonPAX,
            members: """
                d 1777 0:0 0 981173106+500000000 d/
                - 644 3000000:0 4 981173106+500000000 d/N*120
                - 644 0:0 5 981173106+500000000 d/caf{e9}
                l 644 0:0 0 981173106+500000000 l -> T*120
                h 644 0:0 0 981173106+500000000 d/h -> d/N*120
                - 644 0:0 0 -5+0 past
                - 644 0:4294967294 3 981173106+500000000 {c3}{a4}
                """),
    ]
}
