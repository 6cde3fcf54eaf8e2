internal import LayerIndex

// Whiteouts hide what lower layers brought and nothing else, wherever they stand in their archive.
extension LayerMerger {
    /// Hides a name, unless the current layer brought it.
    mutating func hideLower(_ name: UInt32) {
        if tree.names[Int(name)].kind == .directory { hideLowerContent(of: name) }
        hideEmptied(name)
    }

    /// Hides everything in a directory that the current layer did not bring.
    ///
    /// A directory is walked once per layer: what lower layers had in it cannot come back within the layer.
    mutating func hideLowerContent(of directory: UInt32) {
        var found = [directory]
        var position = 0
        while position < found.count {
            let current = found[position]
            position += 1
            if Int(tree.names[Int(current)].clearedBy) == layer + 1 { continue }
            tree.setCleared(current, by: layer)
            var child = tree.names[Int(current)].firstChild
            while child != WorkingTree.none {
                let next = tree.names[Int(child)].next
                if tree.names[Int(child)].kind == .directory {
                    found.append(child)
                } else {
                    hideEmptied(child)
                }
                child = next
            }
        }
        // Parents stand before their children: backwards, each directory is looked at after all that was in it.
        for name in found.dropFirst().reversed() { hideEmptied(name) }
    }

    /// Removes a name of a lower layer. A directory in which the current layer has something stays, as one that has no
    /// entry of its own.
    private mutating func hideEmptied(_ name: UInt32) {
        if Int(tree.names[Int(name)].layer) == layer { return }
        if tree.names[Int(name)].firstChild == WorkingTree.none {
            tree.remove(name)
        } else {
            tree.replaceInode(of: name, by: .implied, layer: layer)
        }
    }
}
