import FUSE
import ImageFS
import Snapshot
import TestSupport

/// What the kernel asks of a tree, and the answers as it reads them, without the kernel.
enum TreeBenchmark {
    private struct Name {
        var directory: UInt64
        var node: UInt64
        var text: Range<Int>
    }

    static func run(_ tree: Tree) {
        var bytes: [UInt8] = []
        var names: [Name] = []
        forEachName(tree) { name, directory, node in
            names.append(Name(directory: directory, node: node, text: bytes.count..<bytes.count + name.count))
            bytes += name
        }
        measure("list every directory", names.count, "name") { forEachName(tree) { _, _, _ in } }
        lookUp("look up every name, in the tree's order", names, bytes, tree)
        var generator = SeededGenerator(seed: 1)
        names.shuffle(using: &generator)
        lookUp("look up every name, in random order", names, bytes, tree)
        let absent = names.map { Name(directory: $0.directory, node: 0, text: $0.text.dropLast()) }
        lookUp("look up as many names that are not there", absent, bytes, tree)
        measure("stat every file, in random order", names.count, "name") {
            for name in names where tree.attributes(of: name.node) == nil { preconditionFailure("a known node") }
        }
        listings(tree, nameCount: names.count)
    }

    private static func lookUp(_ title: String, _ names: [Name], _ bytes: [UInt8], _ tree: Tree) {
        bytes.withUnsafeBytes { bytes in
            measure(title, names.count, "name") {
                for name in names {
                    _ = tree.lookup(UnsafeRawBufferPointer(rebasing: bytes[name.text]), in: name.directory)
                }
            }
        }
    }

    /// The answers to readdirplus of every directory, and how much of that is writing `fuse_entry_out` and `fuse_dirent`:
    /// the former is the answer to a lookup, too.
    private static func listings(_ tree: Tree, nameCount: Int) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { memory.deallocate() }
        measure("answer readdirplus of every directory", nameCount, "name") {
            var listing = DirectoryListing(into: memory)
            forEachName(tree) { name, _, node in
                guard let found = tree.attributes(of: node) else { preconditionFailure("a listed name has a node") }
                append(name, FileAttributes(of: node, found), to: &listing, memory)
            }
        }
        withUnsafeBytes(of: UInt64(0x3837_3635_3433_3231)) { name in
            measure("  encode as many entries", nameCount, "name") {
                var listing = DirectoryListing(into: memory)
                for node in 0..<UInt64(nameCount) {
                    append(name, FileAttributes(node: node, mode: 0o100644, linkCount: 1), to: &listing, memory)
                }
            }
        }
    }

    /// Begins again at the front when the memory is full, as with the next request.
    @inline(__always)
    private static func append(
        _ name: UnsafeRawBufferPointer, _ attributes: FileAttributes, to listing: inout DirectoryListing,
        _ memory: UnsafeMutableRawBufferPointer
    ) {
        if listing.append(name, attributes, .unlimited, offset: attributes.node + 2) { return }
        listing = DirectoryListing(into: memory)
        guard listing.append(name, attributes, .unlimited, offset: attributes.node + 2) else {
            preconditionFailure("an empty listing has room")
        }
    }

    private static func forEachName(_ tree: Tree, _ body: (UnsafeRawBufferPointer, UInt64, UInt64) -> Void) {
        var directories: [UInt64] = [Tree.root]
        while let directory = directories.popLast() {
            var position = 0
            while let (name, node) = tree.entry(position, of: directory) {
                position += 1
                body(name, directory, node)
                if tree.isDirectory(node) { directories.append(node) }
            }
        }
    }
}
