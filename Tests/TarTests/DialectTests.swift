import Tar
import Testing

@Suite struct DialectTests {
    @Test(arguments: [TarBuilder.Dialect.v7, .ustar, .gnu, .star])
    func `Every dialect has the same first fields`(dialect: TarBuilder.Dialect) throws {
        let archive = TarBuilder.build(dialect) {
            $0.add("a/b", [.mode(0o104755), .userID(1000), .groupID(100), .mtime(1_700_000_000)], content: "hello")
        }
        let entry = try entry(archive)
        #expect(entry.kind == .regular)
        #expect(entry.name == "a/b")
        #expect(entry.mode == 0o4755)
        #expect(entry.userID == 1000)
        #expect(entry.groupID == 100)
        #expect(entry.modificationSeconds == 1_700_000_000)
        #expect(entry.modificationNanoseconds == 0)
        #expect(entry.size == 5)
        #expect(entry.extents == [.init(fileOffset: 0, archiveOffset: 512, length: 5)])
        #expect(entry.headerOffset == 0)
    }

    struct TypeCase {
        var flag: Character
        var name = "n"
        var kind: TarEntry.Kind
    }

    @Test(arguments: [
        TypeCase(flag: "0", kind: .regular),
        TypeCase(flag: "\0", kind: .regular),
        TypeCase(flag: "7", kind: .regular),
        TypeCase(flag: "Q", kind: .regular),
        TypeCase(flag: "1", kind: .hardLink),
        TypeCase(flag: "2", kind: .symbolicLink),
        TypeCase(flag: "3", kind: .characterDevice),
        TypeCase(flag: "4", kind: .blockDevice),
        TypeCase(flag: "5", kind: .directory),
        TypeCase(flag: "6", kind: .fifo),
        TypeCase(flag: "D", kind: .directory),
        TypeCase(flag: "0", name: "n/", kind: .directory),
        TypeCase(flag: "\0", name: "n/", kind: .directory),
        TypeCase(flag: "2", name: "n/", kind: .symbolicLink),
    ])
    func `A type flag says the kind, a slash at the end makes a directory of a file`(testCase: TypeCase) throws {
        let archive = TarBuilder.build { $0.add(testCase.name, type: testCase.flag, [.link("target")]) }
        let entry = try entry(archive)
        #expect(entry.kind == testCase.kind)
        #expect(entry.name == testCase.name)
        #expect(entry.linkName == (entry.kind == .symbolicLink || entry.kind == .hardLink ? "target" : ""))
        #expect(entry.size == 0)
        #expect(entry.extents.isEmpty)
    }

    @Test func `Names stay as they are in the archive`() {
        let names = ["./a", "a//b", "/a", "../a", "a/./b", "./", "/", " a ", "a\nb", ".wh.a", "\u{e4}"]
        let archive = TarBuilder.build { builder in names.forEach { builder.add($0) } }
        #expect(entries(archive).map(\.name) == names)
    }

    @Test func `Names need not be UTF-8, nor end with a NUL`() {
        let name = [UInt8](repeating: 0xff, count: 100)
        let archive = TarBuilder.build { $0.add("", type: "2", [.raw(0, name), .raw(157, name)]) }
        #expect(entries(archive).map(\.path) == [name])
        #expect(entries(archive).map(\.linkPath) == [name])
    }

    struct PrefixCase {
        var dialect: TarBuilder.Dialect
        var fields: [TarBuilder.Field]
        var name: String
    }

    static let times = "14000000000\u{0}14000000000\u{0}"

    @Test(arguments: [
        PrefixCase(dialect: .ustar, fields: [.prefix("p/q")], name: "p/q/n"),
        PrefixCase(
            dialect: .ustar, fields: [.prefix(String(repeating: "p", count: 155))],
            name: String(repeating: "p", count: 155) + "/n"),
        PrefixCase(dialect: .v7, fields: [.prefix("p/q")], name: "n"),
        PrefixCase(dialect: .star, fields: [.prefix("p/q")], name: "p/q/n"),
        PrefixCase(
            dialect: .star, fields: [.prefix(String(repeating: "p", count: 131)), .raw(476, times)],
            name: String(repeating: "p", count: 131) + "/n"),
        // GNU tar has times in this place. Go before 1.8 had a prefix there all the same.
        PrefixCase(dialect: .gnu, fields: [.raw(345, times)], name: "n"),
        PrefixCase(dialect: .gnu, fields: [.prefix("p/q")], name: "p/q/n"),
        PrefixCase(dialect: .gnu, fields: [.raw(345, [0x70, 0xff])], name: "n"),
        PrefixCase(dialect: .ustar, fields: [.prefix("p/q"), .raw(257, "ustar   ")], name: "n"),
    ])
    func `The prefix stands where the dialect puts it`(testCase: PrefixCase) throws {
        let archive = TarBuilder.build(testCase.dialect) { $0.add("n", testCase.fields) }
        #expect(try entry(archive).name == testCase.name)
    }

    @Test func `GNU long names replace the name and the target of the next member only`() {
        let long = String(repeating: "long/", count: 60) + "name"
        let target = String(repeating: "target/", count: 60)
        let archive = TarBuilder.build(.gnu) {
            $0.addLongName(target, type: "K")
            $0.addLongName(long)
            $0.add("cut", type: "2", [.link("cut")])
            $0.add("next", type: "2", [.link("x")])
        }
        let entries = entries(archive)
        #expect(entries.map(\.name) == [long, "next"])
        #expect(entries.map(\.linkName) == [target, "x"])
        #expect(entries.map(\.headerOffset) == [0, 1024 * 2 + 512])
    }

    @Test func `Of two long names the second holds, up to its first NUL`() throws {
        let archive = TarBuilder.build(.gnu) {
            $0.addLongName("one")
            $0.addLongName("two\u{0}three")
            $0.add("n")
        }
        #expect(try entry(archive).name == "two")
    }

    @Test func `An empty long name does not replace anything`() throws {
        let archive = TarBuilder.build(.gnu) {
            $0.addLongName("")
            $0.add("n")
        }
        #expect(try entry(archive).name == "n")
    }

    @Test func `Devices have their numbers, other members have none`() {
        let archive = TarBuilder.build {
            $0.add("c", type: "3", TarBuilder.Field.device(5, 1))
            $0.add("b", type: "4", TarBuilder.Field.device(259, 65536))
            $0.add("f", type: "0", TarBuilder.Field.device(1, 2))
            $0.add("g", type: "0", [.raw(329, "garbage")])
        }
        #expect(entries(archive).map(\.deviceMajor) == [5, 259, 0, 0])
        #expect(entries(archive).map(\.deviceMinor) == [1, 65536, 0, 0])
    }

    @Test func `Volume labels and continued files are not members`() {
        let archive = TarBuilder.build(.gnu) {
            $0.add("label", type: "V")
            $0.add("rest", type: "M", content: String(repeating: "x", count: 600))
            $0.add("n", content: "n")
        }
        #expect(entries(archive).map(\.name) == ["n"])
    }

    @Test func `A checksum of signed bytes is accepted`() {
        // What an unsigned sum adds for the name's two bytes over a signed one is 512, which is octal 1000.
        var archive = TarBuilder.build { $0.add("", [.raw(0, [0xff, 0xfe])]) }
        let sum = archive[148..<154].reduce(0) { $0 * 8 + Int($1 - UInt8(ascii: "0")) } - 512
        let digits = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - digits.count) + digits
        archive.replaceSubrange(148..<154, with: Array(field.utf8))
        #expect(entries(archive).map(\.path) == [[0xff, 0xfe]])
    }
}
