internal import LayerIndex

/// Why a path leads nowhere.
enum PathFailure: Error {
    case fault(ApplyFault)
    /// More steps through symbolic links than all of an image may need.
    case pathSteps
}

extension LayerMerger {
    /// Follows `path` from the root to a directory; symbolic links on the way are followed inside of the image, as in a
    /// process whose root it is.
    ///
    /// With `creating`, directories that are not there are made, and take the place of other files of lower layers: only
    /// a later layer that has something below such a name can have meant that. Without, nil when there is no such directory.
    mutating func walk(_ path: UnsafeRawBufferPointer, creating: Bool) throws(PathFailure) -> UInt32? {
        // What is still to be walked; the last one is next. The first is `path`, all others are targets of links.
        var pending = [path]
        var linkCount = 0
        var directory = WorkingTree.root
        while let segment = pending.popLast() {
            let (component, rest) = Self.split(segment)
            if !rest.isEmpty { pending.append(rest) }
            try countStep()
            switch Self.meaning(of: component) {
            case .nothing: continue
            case .parent:
                directory = tree.names[Int(directory)].parent
                continue
            case .tooLong:
                if creating { throw .fault(.longName) }
                return nil
            case .name: break
            }
            guard let child = tree.find(component, in: directory) else {
                if !creating { return nil }
                directory = makeDirectory(component, in: directory)
                continue
            }
            switch tree.names[Int(child)].kind {
            case .directory: directory = child
            case .symbolicLink:
                linkCount += 1
                if linkCount > limits.maximumLinkCount {
                    if creating { throw .fault(.tooManyLinks(limit: limits.maximumLinkCount)) }
                    return nil
                }
                let target = linkTarget(of: child)
                if target.first == UInt8(ascii: "/") { directory = WorkingTree.root }
                pending.append(target)
            default:
                if !creating { return nil }
                if linkCount > 0 || Int(tree.names[Int(child)].layer) == layer { throw .fault(.parentIsNotADirectory) }
                tree.remove(child)
                directory = makeDirectory(component, in: directory)
            }
        }
        return directory
    }

    /// A directory that has no entry of its own: 0755, root's, of the beginning of 1970.
    private mutating func makeDirectory(_ name: UnsafeRawBufferPointer, in directory: UInt32) -> UInt32 {
        let inode = tree.addInode(.implied)
        return tree.insert(name, in: directory, kind: .directory, inode: inode, layer: layer)
    }

    private func linkTarget(of name: UInt32) -> UnsafeRawBufferPointer {
        let inode = tree.inodes[Int(tree.names[Int(name)].inode)]
        let index = layers[Int(inode.layer)]
        return index.linkTarget(of: index[Int(inode.entry)])
    }

    private mutating func countStep() throws(PathFailure) {
        pathStepCount += 1
        if pathStepCount > limits.maximumPathStepCount { throw .pathSteps }
    }

    private enum Meaning {
        case nothing, parent, name, tooLong
    }

    private static func meaning(of component: UnsafeRawBufferPointer) -> Meaning {
        let dot = UInt8(ascii: ".")
        switch component.count {
        case 0: return .nothing
        case 1: return component[0] == dot ? .nothing : .name
        case 2: return component[0] == dot && component[1] == dot ? .parent : .name
        case 3...255: return .name
        default: return .tooLong
        }
    }

    private static func split(
        _ path: UnsafeRawBufferPointer
    ) -> (component: UnsafeRawBufferPointer, rest: UnsafeRawBufferPointer) {
        var end = 0
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let rest = min(end + 1, path.count)
        return (UnsafeRawBufferPointer(rebasing: path[..<end]), UnsafeRawBufferPointer(rebasing: path[rest...]))
    }
}
