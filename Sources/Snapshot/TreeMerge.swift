public import LayerIndex
public import OCI
public import SystemPackage

/// Layers become one tree.
public enum TreeMerge {
    /// The tree file of `layers`, the lowest first. Without layers it has an empty root.
    ///
    /// The same layers always give the same bytes. Time and memory grow with the number of entries.
    ///
    /// - Parameter scratch: a directory that may hold an unnamed file, for a large tree.
    public static func tree(
        of layers: [LayerIndex], chainID: Digest, limits: TreeLimits = TreeLimits(), scratch: FilePath? = nil
    ) throws(TreeError) -> LoadedFile {
        let maximumLayerCount = min(limits.maximumLayerCount, Int(UInt16.max) - 1)
        if layers.count > maximumLayerCount { throw .tooLarge(.layers, limit: maximumLayerCount) }
        var merger = LayerMerger(layers: layers, limits: limits)
        for number in layers.indices { try merger.apply(number) }
        merger.tree.freeze()
        let writer = TreeWriter(layers: layers, tree: merger.tree)
        let byteCount = writer.byteCount
        // Offsets in the heap have 32 bits.
        let limit = min(limits.maximumTreeByteCount, Int(UInt32.max))
        if byteCount > limit { throw .tooLarge(.treeBytes, limit: limit) }
        return LoadedFile(byteCount: byteCount, scratch: scratch) { file in
            writer.write(merger.tree, to: file)
            TreeFormat.seal.seal(file, identity: chainID)
        }
    }
}
