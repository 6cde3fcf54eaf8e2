import Content
import LayerIndex
import OCI
import Snapshot
import Tar

// A small language for layers in tests: `dir("a")`, `file("a/b", 7)`, `whiteout("a/b")`.

func dir(_ path: String, mode: UInt16 = 0o755) -> TarEntry {
    TarEntry(kind: .directory, path: Array(path.utf8), mode: mode)
}

/// A file of one byte, which stands at `content` in its layer.
func file(_ path: String, _ content: UInt64 = 0, mode: UInt16 = 0o644) -> TarEntry {
    var entry = TarEntry(kind: .regular, path: Array(path.utf8), mode: mode)
    entry.size = 1
    entry.extents = [.init(fileOffset: 0, archiveOffset: content, length: 1)]
    return entry
}

func symlink(_ path: String, _ target: String) -> TarEntry {
    var entry = TarEntry(kind: .symbolicLink, path: Array(path.utf8), mode: 0o777)
    entry.linkPath = Array(target.utf8)
    return entry
}

func hardlink(_ path: String, _ target: String) -> TarEntry {
    var entry = TarEntry(kind: .hardLink, path: Array(path.utf8), mode: 0o600)
    entry.linkPath = Array(target.utf8)
    return entry
}

func fifo(_ path: String) -> TarEntry { TarEntry(kind: .fifo, path: Array(path.utf8), mode: 0o644) }

func device(_ path: String, major: UInt32, minor: UInt32) -> TarEntry {
    var entry = TarEntry(kind: .characterDevice, path: Array(path.utf8), mode: 0o644)
    entry.deviceMajor = major
    entry.deviceMinor = minor
    return entry
}

func whiteout(_ path: String) -> TarEntry {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    return file(path[..<slash] + ".wh." + path[slash...])
}

func opaque(_ directory: String) -> TarEntry { file(directory + "/.wh..wh..opq") }

extension TarEntry {
    func with(_ change: (inout TarEntry) -> Void) -> TarEntry {
        var changed = self
        change(&changed)
        return changed
    }

    func attribute(_ name: String, _ value: [UInt8] = []) -> TarEntry {
        with { $0.extendedAttributes.append(.init(name: Array(name.utf8), value: value)) }
    }
}

let testChain = SHA256.digest(of: [42])

func diffID(_ layer: Int) -> Digest { SHA256.digest(of: [UInt8(truncatingIfNeeded: layer)]) }

func index(_ entries: [TarEntry], _ layer: Int = 0) throws -> LayerIndex {
    var builder = LayerIndexBuilder()
    for entry in entries { try builder.add(entry) }
    let bytes = builder.finish(diffID: diffID(layer), byteCount: 1 << 40)
    return try LayerIndex(LoadedFile(bytes: bytes), diffID: diffID(layer))
}

func mergedFile(_ layers: [[TarEntry]], limits: TreeLimits = TreeLimits()) throws -> [UInt8] {
    let indexes = try layers.enumerated().map { try index($1, $0) }
    let file = try TreeMerge.tree(of: indexes, chainID: testChain, limits: limits)
    return withExtendedLifetime(file) { Array(file.bytes) }
}

func merge(_ layers: [TarEntry]...) throws -> Tree { try merge(layers) }

func merge(_ layers: [[TarEntry]], limits: TreeLimits = TreeLimits()) throws -> Tree {
    try Tree(LoadedFile(bytes: mergedFile(layers, limits: limits)), chainID: testChain)
}

extension Tree {
    func node(_ path: String) -> UInt64? {
        var node = Tree.root
        for component in path.split(separator: "/") {
            guard let next = child(String(component), of: node) else { return nil }
            node = next
        }
        return node
    }

    func child(_ name: String, of directory: UInt64) -> UInt64? {
        Array(name.utf8).withUnsafeBytes { lookup($0, in: directory) }
    }

    func attributes(_ path: String) -> Attributes? { node(path).flatMap { attributes(of: $0) } }

    /// One line for each name, in the order of a walk from the root: directories with a slash, files with the layer and
    /// offset of their content, links with their target; modes and link counts where they are unusual.
    var lines: [String] {
        var lines: [String] = []
        let rootMode = (attributes(of: Tree.root)?.mode ?? 0) & 0o7777
        if rootMode != 0o755 { lines.append("/ " + String(rootMode, radix: 8)) }
        list(Tree.root, "", &lines)
        return lines
    }

    private func list(_ directory: UInt64, _ path: String, _ lines: inout [String]) {
        for position in 0..<entryCount(of: directory) {
            guard let (name, node) = entry(position, of: directory), let attributes = attributes(of: node) else {
                continue
            }
            let childPath = path + String(decoding: name, as: UTF8.self)
            lines.append(childPath + describe(node, attributes))
            if isDirectory(node) { list(node, childPath + "/", &lines) }
        }
    }

    private func describe(_ node: UInt64, _ attributes: Attributes) -> String {
        var line = isDirectory(node) ? "/" : ""
        if let target = linkTarget(of: node) {
            line += " -> " + String(decoding: target, as: UTF8.self)
        } else {
            let mode = attributes.mode & 0o7777
            if mode != (isDirectory(node) ? 0o755 : 0o644) { line += " " + String(mode, radix: 8) }
        }
        forEachPiece(of: node, offset: 0, length: .max) { piece in
            if case .data(let layer, let offset, _) = piece { line += " [\(layer):\(offset)]" }
            return true
        }
        if attributes.deviceMajor != 0 { line += " (\(attributes.deviceMajor), \(attributes.deviceMinor))" }
        if !isDirectory(node), attributes.linkCount > 1 { line += " x\(attributes.linkCount)" }
        return line
    }
}
