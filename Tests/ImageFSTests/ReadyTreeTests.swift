import CLinux
import FUSE
import Glibc
import Logging
import Snapshot
import SystemPackage
import Testing

@testable import ImageFS

/// What is answered to each request, without a mount.
@Suite struct ReadyTreeTests {
    let fixture: ImageFixture
    let image: ReadyTree

    init() throws {
        fixture = try ImageFixture()
        image = ReadyTree(fixture.tree, layers: fixture.layers, logger: Logger(label: "test"))
    }

    private func find(_ name: String, in directory: UInt64 = 1) throws -> FileAttributes {
        try #require(try Array(name.utf8).withUnsafeBytes { try image.lookup($0, in: directory) })
    }

    private func errno(_ body: () throws -> Void) -> Int32? {
        do {
            try body()
            return nil
        } catch let error as Errno {
            return error.rawValue
        } catch {
            return -1
        }
    }

    @Test func `attributes are those of the archive`() throws {
        let hello = try find("hello")
        #expect(hello.mode == S_IFREG | 0o640 && hello.userID == 3 && hello.groupID == 4 && hello.size == 13)
        #expect(hello.linkCount == 1)
        #expect(hello.modificationSeconds == 1_600_000_000 && hello.modificationNanoseconds == 123_456_789)
        let null = try find("null")
        #expect(null.mode == S_IFCHR | 0o666 && null.deviceMajor == 1 && null.deviceMinor == 3)
        #expect(try image.attributes(of: 1).linkCount == 3)
    }

    @Test func `names that are not there, too long, or asked of the wrong node`() throws {
        func lookup(_ name: String, _ directory: UInt64) throws -> FileAttributes? {
            try Array(name.utf8).withUnsafeBytes { try image.lookup($0, in: directory) }
        }
        let hello = try find("hello").node
        #expect(try lookup("nothing", 1) == nil)
        #expect(try lookup(String(repeating: "x", count: 255), 1) == nil)
        #expect(errno { _ = try lookup(String(repeating: "x", count: 256), 1) } == ENAMETOOLONG)
        #expect(errno { _ = try lookup("x", hello) } == ENOTDIR)
        #expect(errno { _ = try lookup("x", 1_000_000) } == ESTALE)
        #expect(errno { _ = try lookup("x", 0) } == ESTALE)
        #expect(try lookup(".", hello)?.node == hello)
        #expect(try lookup("..", find("many").node)?.node == 1)
        #expect(try lookup("..", 1)?.node == 1)
        #expect(errno { _ = try lookup("..", hello) } == ENOTDIR)
        #expect(errno { _ = try lookup(".", 1_000_000) } == ESTALE)
    }

    @Test func `links and extended attributes`() throws {
        #expect(try Array(image.linkTarget(of: find("link").node)) == Array("hello".utf8))
        #expect(errno { _ = try image.linkTarget(of: find("hello").node) } == EINVAL)
        let hello = try find("hello").node
        func attribute(_ name: String, _ node: UInt64) throws -> [UInt8] {
            try Array(name.utf8).withUnsafeBytes { Array(try image.extendedAttribute($0, of: node)) }
        }
        #expect(try attribute("user.colour", hello) == Array("green".utf8))
        #expect(errno { _ = try attribute("user.size", hello) } == ENODATA)
        #expect(errno { _ = try attribute("user.colour", 1) } == ENODATA)
        #expect(try Array(image.extendedAttributeNames(of: hello)) == Array("user.colour\0".utf8))
        #expect(try image.extendedAttributeNames(of: 1).isEmpty)
    }

    @Test func `without any attribute in the image the kernel is told to stop asking`() throws {
        let fixture = try ImageFixture(withAttributes: false)
        let image = ReadyTree(fixture.tree, layers: fixture.layers, logger: Logger(label: "test"))
        #expect(try image.extendedAttributeNames(of: 1).isEmpty)
        #expect(
            errno { _ = try image.extendedAttribute(UnsafeRawBufferPointer(start: nil, count: 0), of: 1) } == ENOSYS)
    }

    /// Names, nodes and offsets of a packed listing.
    private func names(in bytes: UnsafeRawBufferPointer, prefix: Int) -> [(name: String, offset: UInt64)] {
        var result: [(String, UInt64)] = []
        var position = 0
        while position < bytes.count {
            position += prefix
            let offset = bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)
            let length = Int(bytes.loadUnaligned(fromByteOffset: position + 16, as: UInt32.self))
            let name = bytes[position + 24..<position + 24 + length]
            result.append((String(decoding: name, as: UTF8.self), offset))
            position += (24 + length + 7) & ~7
        }
        return result
    }

    @Test(arguments: [(200, false), (4096, false), (65536, false), (400, true), (4096, true)])
    func `a listing can be read in pieces and from any offset`(_ length: Int, _ withAttributes: Bool) throws {
        let many = try find("many").node
        let prefix = withAttributes ? 128 : 0
        var all: [(name: String, offset: UInt64)] = []
        var offset: UInt64 = 0
        while true {
            let bytes = try image.list(many, offset: offset, length: length, withAttributes: withAttributes)
            #expect(bytes.count <= length)
            let part = names(in: bytes, prefix: prefix)
            guard let last = part.last else { break }
            all += part
            offset = last.offset
        }
        #expect(all.count == 302)
        #expect(all.prefix(2).map(\.name) == [".", ".."])
        #expect(Set(all.map(\.name)).count == 302)
        // Each offset leads to the entry after it.
        for (entry, next) in zip(all, all.dropFirst()).prefix(50) {
            let bytes = try image.list(many, offset: entry.offset, length: 400, withAttributes: withAttributes)
            #expect(names(in: bytes, prefix: prefix).first?.name == next.name)
        }
        #expect(try image.list(many, offset: .max, length: 4096, withAttributes: withAttributes).isEmpty)
        #expect(
            errno { _ = try image.list(find("hello").node, offset: 0, length: 99, withAttributes: false) } == ENOTDIR)
    }

    @Test func `large reads and those that wait for the disk say so before`() throws {
        let hello = try find("hello").node
        var count = 0
        _ = try image.read(hello, offset: 0, length: 4096)
        // Only now it is cached for sure; some file systems cannot tell.
        let layer = fixture.content.file.rawValue
        var byte: UInt8 = 0
        if imgfs_read_cached(layer, &byte, 1, 0) == 1 {
            _ = try image.read(hello, offset: 0, length: 4096) { count += 1 }
            #expect(count == 0)
        }
        _ = try image.read(hello, offset: 0, length: 1 << 20) { count += 1 }
        #expect(count > 0)
    }

    @Test func `reads give content, holes and the end`() throws {
        let hello = try find("hello").node
        #expect(try Array(image.read(hello, offset: 0, length: 4096)) == ImageFixture.hello)
        #expect(try Array(image.read(hello, offset: 7, length: 3)) == Array("wor".utf8))
        #expect(try image.read(hello, offset: 13, length: 10).isEmpty)
        #expect(try image.read(hello, offset: .max, length: 10).isEmpty)
        #expect(try image.read(find("empty").node, offset: 0, length: 10).isEmpty)

        let big = try find("big").node
        for (offset, length) in [(0, 1 << 20), (1 << 20, 1 << 20), (4_999_999, 131_072), ((5 << 20) - 1, 4096)] {
            let expected = ImageFixture.big[offset..<min(offset + length, ImageFixture.big.count)]
            #expect(try image.read(big, offset: UInt64(offset), length: length).elementsEqual(expected))
        }

        let sparse = try find("sparse").node
        let middle = try Array(image.read(sparse, offset: (1 << 20) - 3, length: 10))
        #expect(middle == [0, 0, 0] + Array("data".utf8) + [0, 0, 0])
        #expect(try image.read(sparse, offset: 2 << 20, length: 1 << 20).allSatisfy { $0 == 0 })
        #expect(try image.read(sparse, offset: (3 << 20) - 5, length: 100).count == 5)
    }

    @Test func `holes and data are found`() throws {
        let sparse = try find("sparse").node
        #expect(try image.next(.data, in: sparse, from: 0) == 1 << 20)
        #expect(try image.next(.hole, in: sparse, from: 1 << 20) == (1 << 20) + 4)
        #expect(try image.next(.hole, in: sparse, from: 0) == 0)
        #expect(try image.next(.data, in: sparse, from: 2 << 20) == nil)
        #expect(try image.next(.data, in: sparse, from: 3 << 20) == nil)
        let hello = try find("hello").node
        #expect(try image.next(.data, in: hello, from: 3) == 3)
        #expect(try image.next(.hole, in: hello, from: 3) == 13)
    }

    @Test func `a data file that lost its end is EIO, never zeros`() throws {
        #expect(ftruncate(fixture.content.file.rawValue, 100_000) == 0)
        let big = try find("big").node
        #expect(errno { _ = try image.read(big, offset: 0, length: 1 << 20) } == EIO)
        #expect(errno { _ = try image.read(big, offset: 4 << 20, length: 4096) } == EIO)
        #expect(try Array(image.read(find("hello").node, offset: 0, length: 100)) == ImageFixture.hello)
    }

    @Test func `statistics count content and files, and nothing is free`() {
        let statistics = image.statistics
        #expect(statistics.fileCount == UInt64(fixture.tree.inodeCount))
        #expect(statistics.blockCount * 4096 >= fixture.tree.contentByteCount)
        #expect(statistics.blockCount > 0)
    }

    @Test func `who was let in by the cold root is sent back when the true root is narrower`() throws {
        let narrow = try ImageFixture(rootMode: 0o750)
        let image = ReadyTree(narrow.tree, layers: narrow.layers, logger: Logger(label: "test"))
        let entering = ParkedRequest.lookup(name: [], directory: 1)
        let listing = ParkedRequest.readdir(node: 1, offset: 0, length: 4096, withAttributes: true)
        let stranger = Caller(userID: 1000, groupIDs: [1000, 27])
        for request in [entering, listing] {
            #expect(!image.admits(request) { stranger })
            #expect(!image.admits(request) { nil })
            #expect(image.admits(request) { Caller(userID: 0, groupIDs: []) })
            #expect(self.image.admits(request) { stranger })
        }
        #expect(image.admits(listing) { Caller(userID: 1000, groupIDs: [0]) }, "the root's group may list it")
        #expect(!image.admits(entering) { Caller(userID: 1000, groupIDs: [0]) }, "the kernel checks once more")
        #expect(image.admits(.getattr(node: 2)) { stranger })
    }
}
