internal import LayerIndex
internal import OCI

/// Applies layers to a working tree, one after the other, each entry in the order of its archive.
///
/// docs/fidelity.md, "Layers", lists what each combination of entries gives, and why.
struct LayerMerger: ~Copyable {
    var tree = WorkingTree()

    let layers: [LayerIndex]
    let limits: TreeLimits
    /// The layer that is being applied.
    var layer = 0
    /// Components of paths walked so far.
    var pathStepCount = 0

    /// Where a directory of the layer's index is in the tree, and the tree's `pathVersion` when that was found out.
    private var directories: [(name: UInt32, version: UInt32)] = []

    init(layers: [LayerIndex], limits: TreeLimits) {
        self.layers = layers
        self.limits = limits
    }

    mutating func apply(_ number: Int) throws(TreeError) {
        layer = number
        let index = layers[number]
        directories = Array(repeating: (0, 0), count: index.directoryCount)
        for position in 0..<index.entryCount {
            let entry = index[position]
            do {
                try apply(entry, at: position)
            } catch {
                switch error {
                case .fault(let fault):
                    let path = String(decoding: index.path(of: entry), as: UTF8.self)
                    throw .invalidEntry(diffID: index.diffID, path: path, fault)
                case .pathSteps: throw .tooLarge(.pathSteps, limit: limits.maximumPathStepCount)
                }
            }
            if tree.nameCount > limits.maximumNameCount { throw .tooLarge(.names, limit: limits.maximumNameCount) }
            if tree.inodes.count > limits.maximumInodeCount {
                throw .tooLarge(.inodes, limit: limits.maximumInodeCount)
            }
        }
    }

    private mutating func apply(_ entry: LayerEntry, at position: Int) throws(PathFailure) {
        switch entry.kind {
        case .opaque:
            if let directory = try existingDirectory(entry.directory) { hideLowerContent(of: directory) }
        case .whiteout:
            guard let directory = try existingDirectory(entry.directory) else { return }
            if let name = tree.find(entry.name, in: directory) { hideLower(name) }
        case .directory: try applyDirectory(entry, at: position)
        case .hardLink: try applyHardLink(entry)
        case .regular, .sparse, .symbolicLink, .characterDevice, .blockDevice, .fifo:
            let directory = try directory(entry.directory)
            if let existing = tree.find(entry.name, in: directory) { tree.remove(existing) }
            let inode = tree.addInode(inode(at: position))
            _ = tree.insert(entry.name, in: directory, kind: entry.kind, inode: inode, layer: layer)
        }
    }

    private func inode(at position: Int) -> WorkingTree.Inode {
        WorkingTree.Inode(layer: UInt32(layer), entry: UInt32(position))
    }

    /// A directory over a directory replaces its attributes and keeps what is in it.
    private mutating func applyDirectory(_ entry: LayerEntry, at position: Int) throws(PathFailure) {
        if entry.name.isEmpty {
            tree.replaceInode(of: WorkingTree.root, by: inode(at: position), layer: layer)
            return
        }
        let directory = try directory(entry.directory)
        if let existing = tree.find(entry.name, in: directory) {
            if tree.names[Int(existing)].kind == .directory {
                tree.replaceInode(of: existing, by: inode(at: position), layer: layer)
                return
            }
            tree.remove(existing)
        }
        let inode = tree.addInode(inode(at: position))
        _ = tree.insert(entry.name, in: directory, kind: .directory, inode: inode, layer: layer)
    }

    /// One more name for an inode of this layer or of those below. The entry's own attributes do not count.
    private mutating func applyHardLink(_ entry: LayerEntry) throws(PathFailure) {
        let directory = try directory(entry.directory)
        let target = layers[layer].linkTarget(of: entry)
        let shownTarget = { String(decoding: target, as: UTF8.self) }
        if let existing = tree.find(entry.name, in: directory) {
            if try find(target) == existing {
                if tree.names[Int(existing)].kind == .directory { throw .fault(.linkTargetIsDirectory(shownTarget())) }
                tree.setLayer(layer, of: existing)
                return
            }
            tree.remove(existing)
        }
        guard let found = try find(target) else { throw .fault(.linkTargetMissing(shownTarget())) }
        let (kind, inode) = (tree.names[Int(found)].kind, tree.names[Int(found)].inode)
        if kind == .directory { throw .fault(.linkTargetIsDirectory(shownTarget())) }
        _ = tree.insert(entry.name, in: directory, kind: kind, inode: inode, layer: layer)
    }

    /// The name that a normalised path leads to. Its last component is not followed when it is a symbolic link.
    private mutating func find(_ path: UnsafeRawBufferPointer) throws(PathFailure) -> UInt32? {
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parentPath = UnsafeRawBufferPointer(rebasing: path[..<(slash ?? 0)])
        let name = UnsafeRawBufferPointer(rebasing: path[(slash.map { $0 + 1 } ?? 0)...])
        guard let parent = try walk(parentPath, creating: false) else { return nil }
        return name.isEmpty ? parent : tree.find(name, in: parent)
    }

    /// A directory of the index in the tree, made when it is not there.
    private mutating func directory(_ number: Int) throws(PathFailure) -> UInt32 {
        if directories[number].version == tree.pathVersion { return directories[number].name }
        guard let found = try walk(layers[layer].directoryPath(number), creating: true) else {
            preconditionFailure("a walk that creates ends at a directory")
        }
        directories[number] = (found, tree.pathVersion)
        return found
    }

    /// A directory of the index in the tree, nil when it is not there: a whiteout makes no directories.
    private mutating func existingDirectory(_ number: Int) throws(PathFailure) -> UInt32? {
        if directories[number].version == tree.pathVersion { return directories[number].name }
        return try walk(layers[layer].directoryPath(number), creating: false)
    }
}
