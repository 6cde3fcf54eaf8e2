import LayerIndex
import OCI
import Tar
import Testing

@testable import Snapshot

struct TreeTests {
    @Test func `attributes are those of the entry`() throws {
        let tree = try merge([
            file("f", 5, mode: 0o6755).with {
                $0.userID = 4_000_000_000
                $0.groupID = 7
                $0.modificationSeconds = -1
                $0.modificationNanoseconds = 999_999_999
                $0.size = 1025
                $0.extents[0].length = 1025
            },
            device("c", major: 4095, minor: 1_048_575),
            device("b", major: 8, minor: 1).with { $0.kind = .blockDevice },
            symlink("l", "target").with { $0.userID = 3 }, fifo("p"), dir("d", mode: 0o1777),
        ])
        #expect(
            tree.attributes("f")
                == .init(
                    mode: 0o106755, linkCount: 1, userID: 4_000_000_000, groupID: 7, deviceMajor: 0, deviceMinor: 0,
                    size: 1025, blocks512: 3, mtimeSeconds: -1, mtimeNanoseconds: 999_999_999))
        let device = try #require(tree.attributes("c"))
        #expect(device.mode == 0o020644 && device.deviceMajor == 4095 && device.deviceMinor == 1_048_575)
        #expect(device.size == 0 && device.blocks512 == 0)
        #expect(tree.attributes("b")?.mode == 0o060644)
        #expect(tree.attributes("b")?.deviceMajor == 8 && tree.attributes("b")?.deviceMinor == 1)
        #expect(tree.attributes("l")?.mode == 0o120777)
        #expect(tree.attributes("l")?.size == 6 && tree.attributes("l")?.userID == 3)
        #expect(tree.attributes("p")?.mode == 0o010644)
        #expect(tree.attributes("d")?.mode == 0o041777)
        #expect(tree.contentByteCount == 3 * 512 + 2 * 4096)
    }

    @Test func `directories without an entry are root's of 1970`() throws {
        let tree = try merge([file("a/f")])
        let implied = Tree.Attributes(
            mode: 0o040755, linkCount: 2, userID: 0, groupID: 0, deviceMajor: 0, deviceMinor: 0, size: 4096,
            blocks512: 8, mtimeSeconds: 0, mtimeNanoseconds: 0)
        #expect(tree.attributes("a") == implied)
        var root = implied
        root.linkCount = 3
        #expect(tree.attributes("") == root)
    }

    @Test func `a directory's link count is two and its subdirectories`() throws {
        let tree = try merge([dir("d/a"), dir("d/b"), file("d/f"), symlink("d/l", "a"), dir("d/b/c")])
        #expect(tree.attributes("d")?.linkCount == 4)
        #expect(tree.attributes("d/b")?.linkCount == 3)
        #expect(tree.attributes("d/a")?.linkCount == 2)
        #expect(tree.attributes("")?.linkCount == 3)
    }

    @Test func `nodes are numbered breadth first, names of a directory side by side`() throws {
        let tree = try merge([file("b/x"), file("a/y"), file("c"), hardlink("a/z", "c")])
        #expect(["", "a", "b", "c", "a/y", "a/z", "b/x"].map { tree.node($0) } == [1, 2, 3, 4, 5, 4, 6])
        #expect(tree.inodeCount == 6)
        #expect(tree.parent(of: 2) == 1 && tree.parent(of: 1) == 1 && tree.parent(of: 4) == 1)
    }

    @Test func `the order of entries does not change the tree`() throws {
        let entries = (0..<50).map { file("d\($0 % 5)/f\($0)", UInt64($0)) }
        #expect(try merge(entries).lines == merge(entries.reversed()).lines)
    }

    @Test func `the same layers give the same bytes`() throws {
        let layers = [(0..<300).map { file("d\($0 % 7)/f\($0)", UInt64($0)) }, [opaque("d1"), whiteout("d2/f2")]]
        #expect(try mergedFile(layers) == mergedFile(layers))
    }

    @Test func `nodes and names that are not there give nothing`() throws {
        let tree = try merge([file("f"), dir("d")])
        for node in [0, 4, UInt64.max, 1 << 32] {
            #expect(!tree.contains(node) && !tree.isDirectory(node) && tree.attributes(of: node) == nil)
            #expect(tree.child("f", of: node) == nil && tree.entry(0, of: node) == nil)
            #expect(tree.entryCount(of: node) == 0 && tree.linkTarget(of: node) == nil && tree.parent(of: node) == 1)
            #expect(tree.extendedAttributeNames(of: node).isEmpty)
            #expect(pieces(tree, node, 0, 10).isEmpty && tree.nextData(of: node, from: 0) == nil)
        }
        #expect(tree.child("", of: 1) == nil && tree.child("e", of: 1) == nil && tree.child("ff", of: 1) == nil)
        #expect(tree.child("x", of: 3) == nil)
        #expect(tree.entry(-1, of: 1) == nil && tree.entry(2, of: 1) == nil)
    }

    @Test func `every name of a large directory is found`() throws {
        let names = (0..<5000).map { "name-\($0 &* 2_654_435_761 % 100_003)" }
        let tree = try merge([dir("d")] + names.map { file("d/" + $0) })
        let directory = try #require(tree.node("d"))
        #expect(tree.entryCount(of: directory) == Set(names).count)
        for name in names { #expect(tree.child(name, of: directory) != nil) }
    }

    @Test func `extended attributes come back and equal sets are stored once`() throws {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let alike = (0..<100).map { file("f\($0)").attribute("security.capability", capability) }
        let tree = try merge(
            alike + [file("other").attribute("user.b", [1]).attribute("user.a"), file("none")],
            [file("again").attribute("security.capability", capability)])
        #expect(tree.hasExtendedAttributes)
        for name in ["f0", "f99", "again"] { #expect(value(tree, "security.capability", name) == capability) }
        #expect(value(tree, "user.a", "other") == [])
        #expect(value(tree, "user.c", "other") == nil && value(tree, "user.a", "none") == nil)
        let other = try #require(tree.node("other"))
        #expect(Array(tree.extendedAttributeNames(of: other)) == Array("user.a\0user.b\0".utf8))
        let once = try mergedFile([[file("f").attribute("user.a", [UInt8](repeating: 1, count: 1000))]])
        let twice = try mergedFile([
            [file("f").attribute("user.a", [UInt8](repeating: 1, count: 1000))],
            [file("g").attribute("user.a", [UInt8](repeating: 1, count: 1000))],
        ])
        #expect(twice.count < once.count + 200)
    }

    @Test func `a directory's later entry replaces its extended attributes`() throws {
        let tree = try merge([dir("d").attribute("user.old")], [dir("d").attribute("user.new")])
        #expect(tree.node("d").map { Array(tree.extendedAttributeNames(of: $0)) } == Array("user.new\0".utf8))
        #expect(try !merge([dir("d").attribute("user.old")], [dir("d")]).hasExtendedAttributes)
    }

    @Test func `a sparse file has holes`() throws {
        let sparse = file("s").with {
            $0.size = 10_000
            $0.extents = [
                .init(fileOffset: 1000, archiveOffset: 50, length: 100),
                .init(fileOffset: 1100, archiveOffset: 500, length: 100),
                .init(fileOffset: 5000, archiveOffset: 600, length: 1000),
            ]
        }
        let empty = file("hole").with {
            $0.size = 1 << 40
            $0.extents = []
        }
        let tree = try merge([file("before", 1), sparse], [empty])
        let node = try #require(tree.node("s"))
        #expect(tree.attributes("s")?.blocks512 == 3 && tree.attributes("s")?.size == 10_000)
        #expect(
            pieces(tree, node, 0, .max) == [
                .hole(length: 1000), .data(layer: 0, offset: 50, length: 100),
                .data(layer: 0, offset: 500, length: 100), .hole(length: 3800),
                .data(layer: 0, offset: 600, length: 1000), .hole(length: 4000),
            ])
        #expect(
            pieces(tree, node, 1050, 100) == [
                .data(layer: 0, offset: 100, length: 50), .data(layer: 0, offset: 500, length: 50),
            ])
        #expect(pieces(tree, node, 9_999, 10) == [.hole(length: 1)])
        #expect(pieces(tree, node, 10_000, 10).isEmpty && pieces(tree, node, 0, 0).isEmpty)
        #expect(
            [0, 999, 1000, 1199, 1200, 5999].map { tree.nextData(of: node, from: $0) } == [
                1000, 1000, 1000, 1199, 5000, 5999,
            ])
        #expect(tree.nextData(of: node, from: 6000) == nil && tree.nextData(of: node, from: 10_000) == nil)
        #expect(
            [0, 1000, 1150, 1200, 5500, 9999].map { tree.nextHole(of: node, from: $0) } == [
                0, 1200, 1200, 1200, 6000, 9999,
            ])
        #expect(tree.nextHole(of: node, from: 10_000) == nil)
        let hole = try #require(tree.node("hole"))
        #expect(pieces(tree, hole, 5, 10) == [.hole(length: 10)])
        #expect(tree.nextData(of: hole, from: 0) == nil && tree.nextHole(of: hole, from: 7) == 7)
    }

    @Test func `a plain file is one piece, clipped to its size`() throws {
        let tree = try merge(
            [],
            [
                file("f", 512).with {
                    $0.size = 100; $0.extents[0].length = 100
                }
            ])
        let node = try #require(tree.node("f"))
        #expect(pieces(tree, node, 0, 4096) == [.data(layer: 1, offset: 512, length: 100)])
        #expect(pieces(tree, node, 90, 5) == [.data(layer: 1, offset: 602, length: 5)])
        #expect(pieces(tree, node, 100, 5).isEmpty && pieces(tree, node, .max, 5).isEmpty)
        #expect(tree.nextData(of: node, from: 99) == 99 && tree.nextHole(of: node, from: 0) == 100)
        #expect(tree.diffIDs == [diffID(0), diffID(1)])
    }

    @Test func `a body that has enough stops the pieces`() throws {
        let sparse = file("s").with {
            $0.size = 100
            $0.extents = [.init(fileOffset: 10, archiveOffset: 0, length: 10)]
        }
        let tree = try merge([sparse])
        var count = 0
        tree.forEachPiece(of: 2, offset: 0, length: 100) { _ in
            count += 1
            return false
        }
        #expect(count == 1)
    }

    @Test func `a hundred and thirty layers`() throws {
        let layers = (0..<130).map {
            [dir("d", mode: 0o700), file("d/f\($0 % 10)", UInt64($0)), whiteout("d/f\(($0 + 5) % 10)")]
        }
        #expect(try merge(layers).lines == ["d/ 700"] + (5..<10).map { "d/f\($0) [\(120 + $0):\(120 + $0)]" })
    }

    @Test func `directories two thousand deep`() throws {
        let path = Array(repeating: "d", count: 2000).joined(separator: "/")
        let tree = try merge([file(path + "/f")], [whiteout("d"), file(path + "/g")])
        #expect(tree.inodeCount == 2002)
        #expect(tree.node(path + "/g") != nil && tree.node(path + "/f") == nil)
    }
}

private func pieces(_ tree: Tree, _ node: UInt64, _ offset: UInt64, _ length: Int) -> [Tree.Piece] {
    var pieces: [Tree.Piece] = []
    tree.forEachPiece(of: node, offset: offset, length: length) {
        pieces.append($0)
        return true
    }
    return pieces
}

private func value(_ tree: Tree, _ name: String, _ path: String) -> [UInt8]? {
    guard let node = tree.node(path) else { return nil }
    return Array(name.utf8).withUnsafeBytes { tree.extendedAttribute($0, of: node).map { Array($0) } }
}
