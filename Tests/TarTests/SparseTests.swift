import Tar
import Testing

@Suite struct SparseTests {
    typealias Field = TarBuilder.Field

    /// "abc" at 0, "defg" at 1000, and a hole to 2000.
    static let expected: [UInt8] =
        Array("abc".utf8) + [UInt8](repeating: 0, count: 997) + Array("defg".utf8)
        + [UInt8](repeating: 0, count: 996)

    static func gnuHeader(_ extents: [(UInt64, UInt64)], realSize: UInt64, isExtended: Bool = false) -> [Field] {
        extents.enumerated().flatMap { Field.extent(386 + $0.offset * 24, $0.element.0, $0.element.1) }
            + [.octal(483, 12, realSize), .raw(482, [isExtended ? 1 : 0])]
    }

    static func extensionBlock(_ extents: [(UInt64, UInt64)], isLast: Bool) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        for (position, extent) in extents.enumerated() {
            for field in Field.extent(position * 24, extent.0, extent.1) {
                block.replaceSubrange(field.offset..<field.offset + field.bytes.count, with: field.bytes)
            }
        }
        block[504] = isLast ? 0 : 1
        return block
    }

    static func textMap(_ numbers: [UInt64]) -> [UInt8] {
        let text = numbers.map { "\($0)\n" }.joined().utf8
        return Array(text) + [UInt8](repeating: 0, count: (512 - text.count % 512) % 512)
    }

    static func pax10(realSize: UInt64) -> [(String, String)] {
        [
            ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse"),
            ("GNU.sparse.realsize", "\(realSize)"),
        ]
    }

    struct Case: CustomTestStringConvertible {
        var what: String
        var archive: [UInt8]

        var testDescription: String { what }
    }

    /// The same file in every format.
    static let sameFile = [
        Case(
            what: "old GNU",
            archive: TarBuilder.build(.gnu) {
                $0.add(
                    "sparse", type: "S", gnuHeader([(0, 3), (1000, 4), (2000, 0)], realSize: 2000), content: "abcdefg")
                $0.add("after")
            }),
        Case(
            what: "old GNU with an extension block",
            archive: TarBuilder.build(.gnu) {
                $0.addHeader(
                    [.name("sparse"), .size(7)] + gnuHeader([(0, 1), (1, 1)], realSize: 2000, isExtended: true),
                    type: "S")
                $0.addRaw(extensionBlock([(2, 1), (1000, 1), (1001, 3)], isLast: false))
                $0.addRaw(extensionBlock([(2000, 0)], isLast: true))
                $0.addContent(Array("abcdefg".utf8))
                $0.add("after")
            }),
        Case(
            what: "star",
            archive: TarBuilder.build(.star) {
                $0.add(
                    "sparse", type: "S",
                    Field.extent(356, 0, 3) + Field.extent(380, 1000, 4) + [.octal(452, 12, 2000)], content: "abcdefg")
                $0.add("after")
            }),
        Case(
            what: "xstar with the map in an extension block",
            archive: TarBuilder.build(.star) {
                $0.addHeader([.name("sparse"), .size(7), .octal(452, 12, 2000)], type: "S")
                $0.addRaw(extensionBlock([(0, 3), (1000, 4)], isLast: true))
                $0.addContent(Array("abcdefg".utf8))
                $0.add("after")
            }),
        Case(
            what: "PAX 0.0",
            archive: TarBuilder.build {
                $0.addPAX([
                    ("GNU.sparse.size", "2000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.offset", "0"),
                    ("GNU.sparse.numbytes", "3"), ("GNU.sparse.offset", "1000"), ("GNU.sparse.numbytes", "4"),
                ])
                $0.add("sparse", content: "abcdefg")
                $0.add("after")
            }),
        Case(
            what: "PAX 0.1",
            archive: TarBuilder.build {
                $0.addPAX([
                    ("GNU.sparse.size", "2000"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.name", "sparse"),
                    ("GNU.sparse.map", "0,3,1000,4"),
                ])
                $0.add("GNUSparseFile.0/x", content: "abcdefg")
                $0.add("after")
            }),
        Case(
            what: "PAX 1.0",
            archive: TarBuilder.build {
                $0.addPAX(pax10(realSize: 2000) + [("path", "ignored")])
                $0.add("GNUSparseFile.0/x", content: textMap([2, 0, 3, 1000, 4]) + Array("abcdefg".utf8))
                $0.add("after")
            }),
        Case(
            what: "PAX 1.0 with a PAX size",
            archive: TarBuilder.build {
                $0.addPAX(pax10(realSize: 2000) + [("size", "519")])
                $0.add(
                    "GNUSparseFile.0/x", [.size(0)], content: textMap([2, 0, 3, 1000, 4]) + Array("abcdefg".utf8))
                $0.add("after")
            }),
    ]

    @Test(arguments: sameFile)
    func `All formats of a sparse file give the same file`(testCase: Case) throws {
        let entries = entries(testCase.archive)
        #expect(entries.map(\.name) == ["sparse", "after"], "\(testCase.what)")
        let sparse = try #require(entries.first)
        #expect(sparse.kind == .regular)
        #expect(sparse.size == 2000)
        #expect(sparse.extents.map(\.fileOffset) == [0, 1000])
        #expect(sparse.extents.map(\.length) == [3, 4])
        #expect(sparse.content(in: testCase.archive) == Self.expected, "\(testCase.what)")
    }

    @Test func `A map in text may be longer than a block`() throws {
        let extents = (0..<300).map { UInt64($0) * 1000 }
        let content = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let archive = TarBuilder.build {
            $0.addPAX(Self.pax10(realSize: 300_000))
            $0.add("x", content: Self.textMap([300] + extents.flatMap { [$0, 1] }) + content)
        }
        let entry = try entry(archive)
        #expect(entry.extents.map(\.fileOffset) == extents)
        let read = entry.content(in: archive)
        #expect(extents.map { read[Int($0)] } == content)
    }

    @Test func `A file may be one hole`() throws {
        let text = TarBuilder.build {
            $0.addPAX(Self.pax10(realSize: 1 << 40))
            $0.add("x", content: Self.textMap([0]))
        }
        #expect(try entry(text).size == 1 << 40)
        #expect(try entry(text).extents.isEmpty)
        let old = TarBuilder.build(.gnu) {
            $0.add("x", type: "S", [.base256(483, 12, 1 << 60)])
        }
        #expect(try entry(old).size == 1 << 60)
    }

    @Test func `A sparse format that is not known is a plain file`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "sparse")])
            $0.add("plain", content: "abc")
        }
        #expect(try entry(archive).name == "plain")
        #expect(try entry(archive).text(in: archive) == "abc")
    }

    @Test func `Sparse maps of global headers are ignored`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("GNU.sparse.map", "0,3"), ("GNU.sparse.size", "2000")], type: "g")
            $0.add("plain", content: "abc")
        }
        #expect(try entry(archive).text(in: archive) == "abc")
    }

    @Test(
        arguments: [
            ([(0, 3), (2, 3)], 2000), ([(1000, 3), (0, 3)], 2000), ([(0, 3), (1998, 3)], 2000),
            ([(0, 3), (1000, 500)], 2000), ([(0, 8_589_934_591)], 8_589_934_591), ([(2001, 0)], 2000),
        ] as [([(UInt64, UInt64)], UInt64)])
    func `Extents that overlap, run back or are too long are refused`(
        extents: [(UInt64, UInt64)], realSize: UInt64
    ) {
        let old = TarBuilder.build(.gnu) {
            $0.add("x", type: "S", Self.gnuHeader(extents, realSize: realSize), content: "abcdef")
        }
        #expect(parse(old).error?.reason == .malformedSparseMap)
        let numbers = extents.flatMap { [$0.0, $0.1] }
        let records = TarBuilder.build {
            $0.addPAX([
                ("GNU.sparse.size", "\(realSize)"),
                ("GNU.sparse.map", numbers.map { "\($0)" }.joined(separator: ",")),
            ])
            $0.add("x", content: "abcdef")
        }
        #expect(parse(records).error?.reason == .malformedSparseMap)
        let text = TarBuilder.build {
            $0.addPAX(Self.pax10(realSize: realSize))
            $0.add("x", content: Self.textMap([UInt64(extents.count)] + numbers) + Array("abcdef".utf8))
        }
        #expect(parse(text).error?.reason == .malformedSparseMap)
    }

    @Test func `Bytes that no extent names are skipped`() throws {
        let archive = TarBuilder.build(.gnu) {
            $0.add(
                "x", type: "S", Self.gnuHeader([(0, 3)], realSize: 10),
                content: "abc" + String(repeating: "z", count: 600))
            $0.add("after")
        }
        #expect(entries(archive).map(\.name) == ["x", "after"])
    }

    @Test(arguments: [
        ("", "no map"), ("2\n0\n3\n", "cut"), ("x\n", "not a number"), ("\n", "empty line"), ("-1\n", "negative"),
        ("99999999999999999999\n", "too large"), ("1\n0\n9223372036854775808\n", "too long"),
    ])
    func `Malformed maps in text are refused`(map: String, what: String) {
        let archive = TarBuilder.build {
            $0.addPAX(Self.pax10(realSize: 2000))
            $0.add("x", content: map)
        }
        #expect(parse(archive).error?.reason == .malformedSparseMap, "\(what)")
    }

    @Test(arguments: [
        [("GNU.sparse.map", "0,3,1000"), ("GNU.sparse.size", "2000")],
        [("GNU.sparse.numbytes", "3")],
        [("GNU.sparse.offset", "3"), ("GNU.sparse.offset", "3")],
        [("GNU.sparse.offset", "0"), ("GNU.sparse.size", "2000")],
    ])
    func `Records of extents come in pairs`(records: [(String, String)]) {
        let archive = TarBuilder.build {
            $0.addPAX(records)
            $0.add("x", content: "abc")
        }
        #expect(parse(archive).error?.reason == .malformedSparseMap)
    }

    @Test func `Only files are sparse, and only in dialects that say how`() {
        let link = TarBuilder.build {
            $0.addPAX([("GNU.sparse.map", "0,3"), ("GNU.sparse.size", "3")])
            $0.add("x", type: "2", [.link("target")])
        }
        #expect(parse(link).error?.reason == .malformedSparseMap)
        for dialect in [TarBuilder.Dialect.v7, .ustar] {
            let archive = TarBuilder.build(dialect) {
                $0.add("x", type: "S", Self.gnuHeader([(0, 3)], realSize: 3), content: "abc")
            }
            #expect(parse(archive).error?.reason == .malformedSparseMap)
        }
    }
}
