import Content
import Glibc
import LayerIndex
import OCI
import Snapshot
import SystemPackage
import Tar

@testable import ImageFS

/// An image of one layer, made in memory; the layer's bytes are a file without a name.
///
///     /              0755, or `rootMode`
///     /hello         0640, 3:4, user.colour=green, "hello, world\n"
///     /link          -> hello
///     /sparse        1 MiB hole, "data", hole up to 3 MiB
///     /big           5 MiB of a counted pattern
///     /empty         no bytes
///     /null          character device 1:3
///     /many/0000 …   `manyCount` empty files
struct ImageFixture {
    final class Content: Sendable {
        let file: FileDescriptor
        let byteCount: Int64
        init(_ bytes: [UInt8]) throws {
            file = try ImageFixture.unnamedFile(bytes)
            byteCount = Int64(bytes.count)
        }
        deinit { close(file.rawValue) }
    }

    static let hello = Array("hello, world\n".utf8)
    static let big: [UInt8] = (0..<5 << 20).map { UInt8(truncatingIfNeeded: ($0 >> 8) ^ $0) }

    let tree: Tree
    let content: Content
    let chainID: Digest

    var layers: [LayerContent] { [LayerContent(data: content.file, byteCount: content.byteCount, owner: content)] }

    init(rootMode: UInt16 = 0o755, manyCount: Int = 300, withAttributes: Bool = true) throws {
        var data: [UInt8] = Array(repeating: 0xee, count: 512)
        func extent(of bytes: [UInt8], at fileOffset: UInt64 = 0) -> [TarEntry.Extent] {
            defer { data += bytes + Array(repeating: 0xee, count: 512 - bytes.count % 512) }
            return [
                TarEntry.Extent(
                    fileOffset: fileOffset, archiveOffset: UInt64(data.count), length: UInt64(bytes.count))
            ]
        }
        func entry(_ kind: TarEntry.Kind, _ path: String, _ mode: UInt16) -> TarEntry {
            TarEntry(kind: kind, path: Array(path.utf8), mode: mode)
        }
        var hello = entry(.regular, "hello", 0o640)
        hello.userID = 3
        hello.groupID = 4
        hello.size = UInt64(Self.hello.count)
        hello.extents = extent(of: Self.hello)
        hello.modificationSeconds = 1_600_000_000
        hello.modificationNanoseconds = 123_456_789
        if withAttributes {
            hello.extendedAttributes = [.init(name: Array("user.colour".utf8), value: Array("green".utf8))]
        }
        var link = entry(.symbolicLink, "link", 0o777)
        link.linkPath = Array("hello".utf8)
        var sparse = entry(.regular, "sparse", 0o644)
        sparse.size = 3 << 20
        sparse.extents = extent(of: Array("data".utf8), at: 1 << 20)
        var big = entry(.regular, "big", 0o644)
        big.size = UInt64(Self.big.count)
        big.extents = extent(of: Self.big)
        var null = entry(.characterDevice, "null", 0o666)
        null.deviceMajor = 1
        null.deviceMinor = 3
        var entries = [
            entry(.directory, "./", rootMode), hello, link, sparse, big, entry(.regular, "empty", 0o600), null,
            entry(.directory, "many", 0o755),
        ]
        for number in 0..<manyCount {
            let digits = String(number)
            let name = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            entries.append(entry(.regular, "many/\(name)", 0o644))
        }

        let diffID = SHA256.digest(of: data)
        var builder = LayerIndexBuilder()
        for entry in entries { try builder.add(entry) }
        let index = builder.finish(diffID: diffID, byteCount: UInt64(data.count))
        chainID = diffID
        let layer = try LayerIndex(LoadedFile(bytes: index), diffID: diffID)
        tree = try Tree(TreeMerge.tree(of: [layer], chainID: chainID), chainID: chainID)
        content = try Content(data)
    }

    fileprivate static func unnamedFile(_ bytes: [UInt8]) throws -> FileDescriptor {
        var template = Array("/tmp/imgfs-layer.XXXXXX".utf8CString)
        let number = mkstemp(&template)
        guard number >= 0 else { throw Errno(rawValue: errno) }
        unlink(template)
        let file = FileDescriptor(rawValue: number)
        _ = try file.writeAll(bytes)
        return file
    }
}
