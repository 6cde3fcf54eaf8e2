import Content
import LayerIndex
import OCI
import Snapshot
import Tar

/// From an archive to a tree.
enum ArchiveBenchmark {
    static let diffID = SHA256.digest(of: [])

    static func run(_ title: String, _ archive: [UInt8]) throws {
        heading(title)
        var entryCount = 0
        try parse(archive) { _ in entryCount += 1 }
        try measure("tar headers", entryCount, "entry") { try parse(archive) { _ in } }
        try measure("tar headers and layer index", entryCount, "entry") { _ = try index(archive) }
        let layer = try LayerIndex(LoadedFile(bytes: try index(archive)), diffID: diffID)
        var file = LoadedFile(bytes: [])
        try measure("merge into a tree", entryCount, "entry") {
            file = try TreeMerge.tree(of: [layer], chainID: diffID)
        }
        try measure("open the tree", 1, "tree") { _ = try Tree(file, chainID: diffID) }
        TreeBenchmark.run(try Tree(file, chainID: diffID))
    }

    /// The layer index of `archive`.
    static func index(_ archive: [UInt8]) throws -> [UInt8] {
        var builder = LayerIndexBuilder()
        try parse(archive) { entry in try builder.add(entry) }
        return builder.finish(diffID: diffID, byteCount: UInt64(archive.count))
    }

    /// In pieces, as they come from a decompressor.
    static func parse(_ archive: [UInt8], _ emit: (borrowing TarEntry) throws -> Void) throws {
        var parser = TarParser()
        try forEachPiece(of: archive) { try parser.push($0, emit) }
        try parser.finish()
    }

    /// Pieces of a MiB.
    static func forEachPiece(of archive: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try archive.withUnsafeBytes { archive in
            var rest = archive
            while !rest.isEmpty {
                try body(UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 20)))
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(1 << 20))
            }
        }
    }
}
