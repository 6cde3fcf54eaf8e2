import Tar
import Testing

@Suite struct PAXTests {
    @Test func `Records override the header block`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([
                ("path", "real/path"), ("linkpath", "real target"), ("uid", "3000000"), ("gid", "4294967295"),
                ("mtime", "1700000000.5"), ("atime", "1"), ("ctime", "1"), ("uname", "x"), ("comment", "c"),
                ("hdrcharset", "BINARY"), ("SCHILY.fflags", "nodump"), ("VENDOR.unknown", "=\n="),
            ])
            $0.add("short", type: "2", [.link("short")])
        }
        let entry = try entry(archive)
        #expect(entry.name == "real/path")
        #expect(entry.linkName == "real target")
        #expect(entry.userID == 3_000_000)
        #expect(entry.groupID == 4_294_967_295)
        #expect(entry.modificationSeconds == 1_700_000_000)
        #expect(entry.modificationNanoseconds == 500_000_000)
        #expect(entry.extendedAttributes.isEmpty)
        #expect(entry.headerOffset == 0)
    }

    @Test func `An extended header holds for one member`() {
        let archive = TarBuilder.build {
            $0.addPAX([("path", "p"), ("uid", "5"), ("SCHILY.xattr.user.a", "1")])
            $0.add("a")
            $0.add("b")
        }
        let entries = entries(archive)
        #expect(entries.map(\.name) == ["p", "b"])
        #expect(entries.map(\.userID) == [5, 0])
        #expect(entries.map(\.extendedAttributes.count) == [1, 0])
    }

    @Test func `The last of two records with one keyword holds`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("path", "one"), ("SCHILY.xattr.user.a", "1"), ("path", "two"), ("SCHILY.xattr.user.a", "2")])
            $0.add("n")
        }
        #expect(try entry(archive).name == "two")
        #expect(try entry(archive).extendedAttributes == [.init(name: Array("user.a".utf8), value: [0x32])])
    }

    @Test func `The second of two extended headers replaces the first`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("path", "one"), ("uid", "5")])
            $0.addPAX([("path", "two")])
            $0.add("n")
        }
        #expect(try entry(archive).name == "two")
        #expect(try entry(archive).userID == 0)
    }

    @Test func `Solaris wrote X for x`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("path", "p")], type: "X")
            $0.add("n")
        }
        #expect(try entry(archive).name == "p")
    }

    @Test func `Global records hold for all that follows until they are changed`() {
        let archive = TarBuilder.build {
            $0.addPAX([("uid", "5"), ("mtime", "7.5"), ("SCHILY.xattr.user.a", "g")], type: "g")
            $0.add("global")
            $0.addPAX([("uid", "6")])
            $0.add("local over global")
            $0.add("global again")
            $0.addPAX([("uid", "8")], type: "g")
            $0.add("second global")
            $0.addPAX([("uid", "")])
            $0.add("deleted for one", [.userID(1)])
            $0.addPAX([("uid", ""), ("mtime", "")], type: "g")
            $0.add("deleted", [.userID(2)])
        }
        let entries = entries(archive)
        #expect(entries.map(\.userID) == [5, 6, 5, 8, 1, 2])
        #expect(entries.map(\.modificationSeconds) == [7, 7, 7, 7, 7, 0])
        #expect(entries.map(\.extendedAttributes.count) == [1, 1, 1, 1, 1, 1])
    }

    @Test(arguments: ["x", "L", "K"] as [Character])
    func `A global header between a member and its extended headers is refused`(type: Character) {
        let archive = TarBuilder.build(.gnu) {
            $0.add("x", type: type, content: "9 path=p\n")
            $0.addPAX([("comment", "c")], type: "g")
            $0.add("n")
        }
        #expect(parse(archive) == ParseResult(entries: [], error: TarError(.misplacedGlobalHeader, at: 1024)))
    }

    @Test func `A global header at the end is nobody's`() {
        let archive = TarBuilder.build { $0.addPAX([("comment", "c")], type: "g") }
        #expect(entries(archive).isEmpty)
        #expect(entries(Array(archive.prefix(1024))).isEmpty)
    }

    @Test func `A GNU long name goes before a PAX path`() throws {
        let orders: [[Character]] = [["x", "L"], ["L", "x"]]
        for order in orders {
            let archive = TarBuilder.build(.gnu) { builder in
                for type in order {
                    if type == "x" { builder.addPAX([("path", "pax")]) } else { builder.addLongName("gnu") }
                }
                builder.add("n")
            }
            #expect(try entry(archive).name == "gnu")
        }
    }

    @Test func `A slash at the end of a PAX path makes a directory of a file`() throws {
        let archive = TarBuilder.build {
            $0.addPAX([("path", "d/")])
            $0.add("n")
        }
        #expect(try entry(archive).kind == .directory)
    }

    @Test func `NULs may follow the last record`() throws {
        let archive = TarBuilder.build {
            $0.add("x", type: "x", content: "9 path=p\n" + String(repeating: "\0", count: 30))
            $0.add("n")
        }
        #expect(try entry(archive).name == "p")
    }

    @Test func `An empty extended header says nothing`() throws {
        let archive = TarBuilder.build {
            $0.add("x", type: "x")
            $0.add("n")
        }
        #expect(try entry(archive).name == "n")
    }

    @Test(
        arguments: [
            ("99 path=p\n", .malformedExtendedHeader),
            ("9 path=pp", .malformedExtendedHeader),
            ("9 path p\n", .malformedExtendedHeader),
            ("4 =\n", .malformedExtendedHeader),
            ("2 \n", .malformedExtendedHeader),
            ("1\n", .malformedExtendedHeader),
            ("0 path=p\n", .malformedExtendedHeader),
            ("-9 path=p\n", .malformedExtendedHeader),
            ("x path=p\n", .malformedExtendedHeader),
            (" 9 path=p\n", .malformedExtendedHeader),
            ("99999999999999999999999 path=p\n", .malformedExtendedHeader),
            ("9 pa\u{0}h=p\n", .malformedExtendedHeader),
            ("9 path=p\ngarbage", .malformedExtendedHeader),
            ("12 path=a\u{0}b\n", .nulInPath),
            ("15 linkpath=\u{0}x\n", .nulInPath),
            ("11 size=-1\n", .numberOutOfRange(.size)),
            ("12 size=abc\n", .malformedNumber(.size)),
            ("34 size=9999999999999999999999999\n", .numberOutOfRange(.size)),
            ("28 size=9223372036854775807\n", .numberOutOfRange(.size)),
            ("10 uid=-1\n", .numberOutOfRange(.userID)),
            ("18 uid=4294967296\n", .numberOutOfRange(.userID)),
            ("10 gid=1x\n", .malformedNumber(.groupID)),
            ("13 mtime=1e5\n", .malformedNumber(.modificationTime)),
        ] as [(String, TarError.Reason)])
    func `Malformed records are refused`(records: String, reason: TarError.Reason) {
        let archive = TarBuilder.build {
            $0.add("x", type: "x", content: records)
            $0.add("n")
        }
        #expect(parse(archive) == ParseResult(entries: [], error: TarError(reason, at: 1024)))
        let global = TarBuilder.build {
            $0.add("x", type: "g", content: records)
            $0.add("n")
        }
        #expect(parse(global).error?.reason == reason)
    }
}
