import Testing

@testable import LayerIndex

struct EntryPathTests {
    @Test(arguments: [
        ("a", "", "a"), ("a/b", "a", "b"), ("./a//b/", "a", "b"), ("/a/b", "a", "b"), ("././/", "", ""), (".", "", ""),
        ("", "", ""),
        ("/", "", ""), ("a/./b/.", "a", "b"), ("a/...", "a", "..."), ("..a/b..", "..a", "b.."),
        ("a/b/c/d", "a/b/c", "d"),
    ])
    func `a path is split into a normalised directory and a name`(path: String, directory: String, name: String) throws
    {
        let parsed = try parse(path)
        #expect(String(decoding: parsed.directory, as: UTF8.self) == directory)
        #expect(String(decoding: parsed.name, as: UTF8.self) == name)
        #expect(parsed.role == .file)
        #expect(parsed.isRoot == (directory.isEmpty && name.isEmpty))
    }

    @Test(arguments: [
        ("a/.wh.b", EntryPath.Role.whiteout, "a", "b"), (".wh.b", .whiteout, "", "b"), (".wh.b/", .whiteout, "", "b"),
        ("a/.wh....", .whiteout, "a", "..."), ("a/.wh..hidden", .whiteout, "a", ".hidden"),
        ("a/b/.wh..wh..opq", .opaque, "a/b", ""), (".wh..wh..opq", .opaque, "", ""),
        ("./.wh..wh..opq", .opaque, "", ""),
    ])
    func `whiteouts are recognised`(path: String, role: EntryPath.Role, directory: String, name: String) throws {
        let parsed = try parse(path)
        #expect(parsed.role == role)
        #expect(String(decoding: parsed.directory, as: UTF8.self) == directory)
        #expect(String(decoding: parsed.name, as: UTF8.self) == name)
    }

    @Test(arguments: [
        ".wh..wh.plnk", ".wh..wh.aufs", ".wh..wh.plnk/12.34", "a/.wh..wh.orph/b/c", ".wh..wh..opqx", ".wh..wh.",
    ])
    func `what AUFS left behind is ignored`(path: String) throws {
        #expect(try parse(path).role == .ignored)
    }

    @Test(arguments: [
        ("..", EntryFault.parentComponent), ("a/../b", .parentComponent), ("../a", .parentComponent),
        ("a/..", .parentComponent), ("a\0b", .nulByte), (".wh.", .invalidWhiteout), ("a/.wh.", .invalidWhiteout),
        ("a/.wh..", .invalidWhiteout), ("a/.wh...", .invalidWhiteout), (".wh.a/b", .invalidWhiteout),
    ])
    func `what names no file is refused`(path: String, fault: EntryFault) {
        #expect(throws: fault) { try parse(path) }
    }

    @Test func `names and paths have a limit`() throws {
        let name = String(repeating: "n", count: 255)
        #expect(try parse(name).name.count == 255)
        #expect(throws: EntryFault.longName(limit: 255)) { try parse(name + "n") }
        #expect(try parse("a/.wh." + name).name.count == 255)
        #expect(throws: EntryFault.longName(limit: 255)) { try parse("a/.wh.n" + name) }
        let path = Array(repeating: name, count: 16).joined(separator: "/")
        #expect(try parse(path).bytes.count == 4095)
        #expect(throws: EntryFault.longPath(limit: 4095)) { try parse("a/" + path) }
    }

    @Test func `a hard link's target may look like a whiteout`() throws {
        var path = EntryPath()
        try path.normalize(Array("./a/.wh.b".utf8), limits: LayerLimits())
        #expect(path.role == .file && path.bytes == Array("a/.wh.b".utf8))
    }

    private func parse(_ path: String) throws -> EntryPath {
        var parsed = EntryPath()
        try parsed.parse(Array(path.utf8), limits: LayerLimits())
        return parsed
    }
}
