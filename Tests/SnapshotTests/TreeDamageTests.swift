import Content
import LayerIndex
import OCI
import Tar
import TestSupport
import Testing

@testable import Snapshot

/// A damaged tree is refused, or read without leaving it: never a trap, whatever the bytes.
struct TreeDamageTests {
    @Test func `every changed byte is noticed`() throws {
        let file = try mergedFile(sample)
        for position in file.indices {
            var damaged = file
            damaged[position] ^= UInt8(1 << (position % 8))
            #expect(!isReadable(damaged), "byte \(position)")
        }
    }

    @Test func `every length is noticed`() throws {
        let file = try mergedFile(sample)
        for length in 0..<file.count { #expect(!isReadable(Array(file[..<length])), "\(length) bytes") }
        #expect(!isReadable(file + [0]))
    }

    @Test func `a tree of another chain is refused`() throws {
        let file = try mergedFile(sample)
        let other = SHA256.digest(of: [1])
        #expect(throws: TreeError.unreadable(chainID: other, reason: "it belongs to another digest")) {
            _ = try Tree(LoadedFile(bytes: file), chainID: other)
        }
    }

    @Test(arguments: 0..<8)
    func `random damage under a right checksum never traps`(series: Int) throws {
        let file = try mergedFile(sample)
        var random = SeededGenerator(seed: UInt64(series))
        var accepted = 0
        for _ in 0..<400 {
            var damaged = file
            for _ in 0...random.below(3) {
                let position = 64 + random.below(file.count - 64)
                damaged[position] = [0, 0xff, 0x7f, damaged[position] &+ 1, UInt8(random.below(256))][random.below(5)]
            }
            damaged.withUnsafeMutableBytes { TreeFormat.seal.seal($0, identity: testChain) }
            if isReadable(damaged) { accepted += 1 }
        }
        #expect(accepted < 400)
    }

    /// Whether the tree can be opened; reads everything in it, by path and by node, when it can.
    private func isReadable(_ bytes: [UInt8]) -> Bool {
        guard let tree = try? Tree(LoadedFile(bytes: bytes), chainID: testChain) else { return false }
        var sum = tree.lines.count
        for node in 0...UInt64(tree.inodeCount) + 1 {
            sum &+= Int(tree.attributes(of: node)?.linkCount ?? 0) &+ tree.entryCount(of: node)
            sum &+= tree.child("f", of: node) == nil ? 0 : 1
            sum &+= tree.contains(tree.parent(of: node)) ? 1 : 0
            sum &+= Int(truncatingIfNeeded: tree.nextData(of: node, from: 20) ?? 0)
            sum &+= Int(truncatingIfNeeded: tree.nextHole(of: node, from: 20) ?? 0)
            sum &+= tree.linkTarget(of: node)?.reduce(0) { $0 &+ Int($1) } ?? 0
            for name in tree.extendedAttributeNames(of: node).split(separator: 0) {
                let name = Array(name)
                sum &+= name.withUnsafeBytes { tree.extendedAttribute($0, of: node)?.reduce(0) { $0 &+ Int($1) } ?? 0 }
            }
            tree.forEachPiece(of: node, offset: 5, length: .max) { _ in
                sum &+= 1
                return sum < 1 << 30
            }
        }
        return sum > 0
    }

    private let sample: [[TarEntry]] = [
        [
            dir("d"), file("d/f", 512).attribute("user.a", [1, 2]).attribute("user.b"), symlink("d/l", "../x"),
            file("s").with {
                $0.size = 100
                $0.extents = [
                    .init(fileOffset: 10, archiveOffset: 1024, length: 20),
                    .init(fileOffset: 40, archiveOffset: 1044, length: 5),
                ]
            },
        ],
        [dir("d/e/g"), fifo("d/e/p"), device("c", major: 1, minor: 3), hardlink("h", "d/f")],
    ]
}
