import Tar
import Testing

@Suite struct LimitTests {
    func error(_ limits: (inout TarLimits) -> Void, _ build: (inout TarBuilder) -> Void) -> TarError.Reason? {
        var changed = TarLimits()
        limits(&changed)
        return parse(TarBuilder.build(.gnu, build), limits: changed).error?.reason
    }

    @Test func `What a global header gives to each member is small`() {
        for (byteCount, expected) in [(4000, nil), (5000, TarError.Reason.extendedAttributesTooLarge(limit: 4096))] {
            let found = error { _ in
            } _: {
                $0.addPAX([("SCHILY.xattr.user.a", String(repeating: "v", count: byteCount))], type: "g")
                $0.add("f")
            }
            #expect(found == expected)
        }
    }

    @Test func `Paths`() {
        for count in [10, 11] {
            let path = String(repeating: "p", count: count)
            let expected: TarError.Reason? = count == 10 ? nil : .pathTooLong(limit: 10)
            #expect(
                error {
                    $0.maxPathBytes = 10
                } _: {
                    $0.add(path)
                } == expected)
            #expect(
                error {
                    $0.maxPathBytes = 10
                } _: {
                    $0.add("l", type: "2", [.link(path)])
                } == expected)
            #expect(
                error {
                    $0.maxPathBytes = 10
                } _: {
                    $0.addLongName(path)
                    $0.add("n")
                } == expected)
            #expect(
                error {
                    $0.maxPathBytes = 10
                } _: {
                    $0.addPAX([("path", path)])
                    $0.add("n")
                } == expected)
        }
    }

    @Test func `Extended headers`() {
        for type in ["x", "g", "L", "K"] as [Character] {
            for count in [100, 101] {
                let expected: TarError.Reason? = count == 100 ? nil : .extendedHeaderTooLarge(limit: 100)
                #expect(
                    error {
                        $0.maxExtendedHeaderBytes = 100
                    } _: {
                        $0.add("x", type: type, content: [UInt8](repeating: 0, count: count))
                        $0.add("n")
                    } == expected)
            }
        }
    }

    @Test func `An extended header that claims to be huge is refused before it arrives`() {
        var builder = TarBuilder()
        builder.addHeader([.name("x"), .octal(124, 12, 8_000_000_000)], type: "x")
        #expect(parse(builder.bytes).error?.reason == .extendedHeaderTooLarge(limit: 1 << 20))
    }

    @Test func `Members`() {
        for count in [3, 4] {
            let expected: TarError.Reason? = count == 3 ? nil : .tooManyEntries(limit: 3)
            #expect(
                error {
                    $0.maxEntries = 3
                } _: { builder in
                    (0..<count).forEach { builder.add("\($0)") }
                } == expected)
        }
    }

    @Test func `Extents`() {
        for count in [3, 4] {
            let extents = (0..<count).map { (UInt64($0) * 10, UInt64(1)) }
            let numbers = extents.flatMap { [$0.0, $0.1] }
            let expected: TarError.Reason? = count == 3 ? nil : .tooManySparseExtents(limit: 3)
            #expect(
                error {
                    $0.maxSparseExtents = 3
                } _: {
                    $0.add("x", type: "S", SparseTests.gnuHeader(extents, realSize: 100), content: "abcd")
                } == expected)
            #expect(
                error {
                    $0.maxSparseExtents = 3
                } _: {
                    $0.addPAX([
                        ("GNU.sparse.size", "100"),
                        ("GNU.sparse.map", numbers.map { "\($0)" }.joined(separator: ",")),
                    ])
                    $0.add("x", content: "abcd")
                } == expected)
            #expect(
                error {
                    $0.maxSparseExtents = 3
                } _: {
                    $0.addPAX(SparseTests.pax10(realSize: 100))
                    $0.add("x", content: SparseTests.textMap([UInt64(count)] + numbers) + Array("abcd".utf8))
                } == expected)
        }
    }

    @Test func `Extended attributes`() {
        func attributes(_ limits: (inout TarLimits) -> Void, _ records: [(String, String)]) -> TarError.Reason? {
            error(limits) {
                $0.addPAX(records.map { ("SCHILY.xattr.\($0.0)", $0.1) })
                $0.add("n")
            }
        }
        let three = [("a", "1"), ("b", "22"), ("c", "333")]
        #expect(attributes({ $0.maxExtendedAttributes = 3 }, three) == nil)
        #expect(attributes({ $0.maxExtendedAttributes = 2 }, three) == .tooManyExtendedAttributes(limit: 2))
        #expect(attributes({ $0.maxExtendedAttributeValueBytes = 3 }, three) == nil)
        #expect(
            attributes({ $0.maxExtendedAttributeValueBytes = 2 }, three) == .extendedAttributeValueTooLong(limit: 2))
        #expect(attributes({ $0.maxExtendedAttributeNameBytes = 1 }, three) == nil)
        #expect(attributes({ $0.maxExtendedAttributeNameBytes = 0 }, three) == .extendedAttributeNameTooLong(limit: 0))
        #expect(attributes({ $0.maxExtendedAttributesBytes = 9 }, three) == nil)
        #expect(attributes({ $0.maxExtendedAttributesBytes = 8 }, three) == .extendedAttributesTooLarge(limit: 8))
        #expect(attributes({ $0.maxExtendedAttributesBytes = 2 }, [("a", "1"), ("a", "2"), ("a", "3")]) == nil)
    }

    @Test func `Global attributes cannot pile up`() {
        let reason = error {
            $0.maxExtendedAttributes = 50
        } _: { builder in
            for number in 0..<51 { builder.addPAX([("SCHILY.xattr.user.\(number)", "v")], type: "g") }
        }
        #expect(reason == .tooManyExtendedAttributes(limit: 50))
    }

    @Test(
        arguments: [
            (.base256(124, 12, -1), .numberOutOfRange(.size)),
            (.raw(124, [0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]), .numberOutOfRange(.size)),
            (.base256(124, 12, Int64.max), .numberOutOfRange(.size)),
            (.raw(124, "abc"), .malformedNumber(.size)),
            (.base256(108, 8, -2), .numberOutOfRange(.userID)),
            (.base256(116, 8, 1 << 32), .numberOutOfRange(.groupID)),
            (.raw(108, "zzz"), .malformedNumber(.userID)),
            (.raw(100, "rwx"), .malformedNumber(.mode)),
            (.raw(136, [0xbf] + [UInt8](repeating: 0xff, count: 11)), .numberOutOfRange(.modificationTime)),
        ] as [(TarBuilder.Field, TarError.Reason)])
    func `Numbers in header blocks are checked`(field: TarBuilder.Field, reason: TarError.Reason) {
        let archive = TarBuilder.build {
            $0.add("first")
            $0.add("n", [field])
        }
        #expect(parse(archive).error == TarError(reason, at: 512))
    }

    @Test(arguments: ["3", "4"] as [Character])
    func `Device numbers are checked`(type: Character) {
        let archive = TarBuilder.build { $0.add("n", type: type, [.base256(329, 8, -1)]) }
        #expect(parse(archive).error?.reason == .numberOutOfRange(.deviceMajor))
    }

    @Test func `A number that a PAX record replaces may be anything`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("uid", "7"), ("gid", "8"), ("mtime", "9"), ("size", "3")])
            $0.add("n", [.raw(108, "zzz"), .raw(116, "zzz"), .raw(136, "zzz"), .raw(124, "zzz")], content: "abc")
        }
        #expect(try entry(archive).userID == 7)
        #expect(try entry(archive).text(in: archive) == "abc")
    }

    @Test func `Times before 1970 are fine`() throws {
        let archive = TarBuilder.build { $0.add("n", [.base256(136, 12, -1)]) }
        #expect(try entry(archive).modificationSeconds == -1)
    }

    @Test func `Names and targets must be there, but for the root directory`() {
        #expect(
            error { _ in
            } _: {
                $0.add("")
            } == .emptyPath)
        #expect(
            error { _ in
            } _: {
                $0.add("", type: "2", [.link("t")])
            } == .emptyPath)
        #expect(
            error { _ in
            } _: {
                $0.add("", type: "5")
            } == nil)
        #expect(
            error { _ in
            } _: {
                $0.add("l", type: "2")
            } == .emptyLinkPath)
        #expect(
            error { _ in
            } _: {
                $0.add("l", type: "1")
            } == .emptyLinkPath)
    }

    @Test func `Errors say where`() {
        #expect(
            "\(TarError(.pathTooLong(limit: 4096), at: 512))"
                == "path longer than 4096 bytes (limit path-length) (tar archive, offset 512)"
        )
    }
}
