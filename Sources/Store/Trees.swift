public import LayerIndex
public import OCI
public import SystemPackage

extension Store {
    static let treeFile = "tree"

    /// The merged tree of a chain; nil when it is not there. What a tree file is, Snapshot knows and checks.
    public func tree(_ chainID: Digest) throws(StoreError) -> LoadedFile? {
        let path = paths.tree(chainID)
        guard let seal = try seal(of: path, kind: .tree) else { return nil }
        guard isTrusted(seal) else {
            // Making it again from the layers is quicker than finding out.
            try remove(path)
            return nil
        }
        return try LoadedFile.open(path + "/" + Self.treeFile)
    }

    /// Stores the merged tree of a chain. That it is there already is success.
    public func publishTree(_ chainID: Digest, _ tree: LoadedFile) throws(StoreError) {
        let staged = newStagingPath()
        let path = paths.tree(chainID)
        do throws(StoreError) {
            try Directory.make(staged)
            try PrivateFile.create(staged + "/" + Self.treeFile).write(tree.bytes)
            let file = Seal.File(name: Self.treeFile, byteCount: Int64(tree.bytes.count))
            try publish(staged, as: path, kind: .tree, files: [file])
        } catch {
            try Directory.removeAll(staged)
            throw error
        }
    }

    /// Where a large tree can be while it is in memory.
    public var scratchDirectory: FilePath { FilePath(paths.root) }

    /// Takes the tree out of the store, for example because it is damaged. Not being there is success.
    public func removeTree(_ chainID: Digest) throws(StoreError) {
        try remove(paths.tree(chainID))
    }
}
