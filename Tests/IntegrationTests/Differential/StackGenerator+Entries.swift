import TestSupport

/// Which entries a layer gets.
extension StackGenerator {
    mutating func addEntry() {
        switch random.below(100) {
        case 0..<46: addNew(at: newPath())
        case 46..<58: replace()
        case 58..<66: addDirectoryAgain()
        case 66..<76: addHardLink(ofThisLayer: program != nil || random.chance(80))
        case 76..<86: addWhiteout()
        case 86..<91: addOpaque()
        // A tar program archives a directory, in which nothing goes through a link or a file.
        case 91..<94 where program == nil: addThroughLink()
        case 94 where program == nil: addBelowFile()
        default: addNew(at: newPath(), as: .directory)
        }
    }

    mutating func addNew(at path: [UInt8]?, as kind: LayerEntry.Kind? = nil) {
        guard let path else { return }
        let kind = kind ?? randomKind()
        apply(LayerEntry(kind: kind, path: path, attributes: attributes(for: kind)))
    }

    /// Something of another kind, or of the same, over a name that exists.
    mutating func replace() {
        guard let path = existing(where: { _, _ in true }) else { return }
        addNew(at: path)
    }

    mutating func addDirectoryAgain() {
        guard let path = existing(where: { $1.isDirectory }) else { return }
        apply(directory(path))
    }

    mutating func addHardLink(ofThisLayer: Bool) {
        // GNU tar writes a second name of a device as another device.
        let found = existing { [number, program] _, node in
            !node.isDirectory && (program == nil || node.isRegular) && (node.inodeLayer == number) == ofThisLayer
        }
        guard let target = found, let path = random.chance(80) ? newPath() : existing(where: { _, _ in true }),
            path != target, !target.isBelow(path), !path.isBelow(target)
        else { return }
        if !ofThisLayer { stack.overlayDiffers = "hard link into a lower layer" }
        apply(LayerEntry(kind: .hardLink(target: target), path: path, attributes: FileAttributes(mode: 0o640)))
    }

    mutating func addWhiteout() {
        if random.chance(8) {
            // Of something that is not there.
            guard let path = newPath(), tree[path] == nil, tree[path.parent] != nil || path.parent.isEmpty else {
                return
            }
            entries.append(LayerEntry(kind: .whiteout, path: path))
            return
        }
        guard let path = existing(where: { [number] _, node in node.layer != number || node.hasEntry }),
            directoriesHaveEntries(below: path)
        else { return }
        // A tar program needs a file of that name, which four bytes more can make too long.
        if program != nil, path.components.last?.count == 255 { return }
        apply(LayerEntry(kind: .whiteout, path: path))
    }

    mutating func addOpaque() {
        let path = random.chance(8) ? [] : existing(where: { $1.isDirectory })
        guard let path, directoriesHaveEntries(below: path) else { return }
        apply(LayerEntry(kind: .opaque, path: path))
    }

    /// Below a symbolic link to a directory. The link is followed; unpacked for overlayfs, it becomes a directory.
    mutating func addThroughLink() {
        let link = existing { [number] _, node in
            if case .symbolicLink = node.kind { node.layer != number || node.hasEntry } else { false }
        }
        guard let link, let directory = followed(link) else { return }
        let name = randomName()
        let kind = randomKind()
        stack.overlayDiffers = "path through a symbolic link"
        apply(
            LayerEntry(kind: kind, path: link.appending(component: name), attributes: attributes(for: kind)),
            at: directory.appending(component: name))
    }

    /// Below a file of a lower layer, which becomes a directory.
    mutating func addBelowFile() {
        let found = existing { [number] _, node in
            if case .other = node.kind { node.layer != number } else { false }
        }
        guard let file = found, random.chance(30) else { return }
        stack.umociDiffers = "path below a file of a lower layer"
        addNew(at: file.appending(component: randomName()))
    }
}
