import Content
import LayerIndex
import OCI
import Snapshot
import Tar

/// From an archive to a tree, and what is asked of a tree.
enum TreeBenchmark {
    static func run(entryCount: Int) throws {
        try run("\(entryCount) empty files", SyntheticArchive.make(entryCount: entryCount))
    }

    static func run(_ title: String, _ archive: [UInt8]) throws {
        let diffID = SHA256.digest(of: [])
        var index: [UInt8] = []
        heading(title)
        var entryCount = 0
        try archive.withUnsafeBytes { archive in
            try parse(archive) { _ in entryCount += 1 }
            try measure("tar headers", entryCount, "entry") { try parse(archive) { _ in } }
            try measure("tar headers and layer index", entryCount, "entry") {
                var builder = LayerIndexBuilder()
                try parse(archive) { entry in try builder.add(entry) }
                index = builder.finish(diffID: diffID, byteCount: UInt64(archive.count))
            }
        }
        let layer = try LayerIndex(LoadedFile(bytes: index), diffID: diffID)
        var file = LoadedFile(bytes: [])
        try measure("merge into a tree", entryCount, "entry") {
            file = try TreeMerge.tree(of: [layer], chainID: diffID)
        }
        try measure("open the tree", 1, "tree") { _ = try Tree(file, chainID: diffID) }
        let tree = try Tree(file, chainID: diffID)
        var nameCount = 0
        forEachName(tree) { _, _ in nameCount += 1 }
        measure("list every directory", nameCount, "name") { forEachName(tree) { _, _ in } }
        measure("list, look up and stat every name", nameCount, "name") {
            forEachName(tree) { name, directory in
                guard let node = tree.lookup(name, in: directory), tree.attributes(of: node) != nil else {
                    preconditionFailure("a listed name is found")
                }
            }
        }
    }

    /// In pieces, as they come from a decompressor.
    private static func parse(
        _ archive: UnsafeRawBufferPointer, _ emit: (borrowing TarEntry) throws -> Void
    ) throws {
        var parser = TarParser()
        var rest = archive
        while !rest.isEmpty {
            try parser.push(UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 20)), emit)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(1 << 20))
        }
        try parser.finish()
    }

    private static func forEachName(_ tree: Tree, _ body: (UnsafeRawBufferPointer, UInt64) -> Void) {
        var directories: [UInt64] = [Tree.root]
        while let directory = directories.popLast() {
            var position = 0
            while let (name, node) = tree.entry(position, of: directory) {
                position += 1
                body(name, directory)
                if tree.isDirectory(node) { directories.append(node) }
            }
        }
    }
}
