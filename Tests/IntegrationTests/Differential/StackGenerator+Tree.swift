import TestSupport

/// The tree that the entries give.
extension StackGenerator {
    mutating func apply(_ entry: LayerEntry) { apply(entry, at: entry.path) }

    mutating func apply(_ entry: LayerEntry, at path: [UInt8]) {
        entries.append(entry)
        switch entry.kind {
        case .whiteout: hide(path, andItself: true)
        case .opaque: hide(path, andItself: false)
        case .directory:
            makeParents(of: path)
            if !path.isEmpty, tree[path]?.isDirectory != true { remove(path) }
            set(path, .directory)
            stack.untimed.remove(path)
            stack.made.remove(path)
        case .symbolicLink(let target):
            makeParents(of: path)
            remove(path)
            set(path, .symbolicLink(target))
        case .hardLink(let target):
            makeParents(of: path)
            let node = tree[target]
            remove(path)
            set(path, node?.kind ?? .other)
            tree[path]?.inodeLayer = node?.inodeLayer ?? number
            tree[path]?.isRegular = node?.isRegular ?? false
        default:
            makeParents(of: path)
            remove(path)
            set(path, .other)
            if case .file = entry.kind { tree[path]?.isRegular = true }
        }
    }

    mutating func set(_ path: [UInt8], _ kind: Node.Kind) {
        if path.isEmpty { return }
        tree[path] = Node(kind: kind, layer: number, hasEntry: true, inodeLayer: number)
    }

    mutating func makeParents(of path: [UInt8]) {
        for directory in path.ancestors where tree[directory]?.isDirectory != true {
            remove(directory)
            tree[directory] = Node(kind: .directory, layer: number, hasEntry: false, inodeLayer: number)
            stack.untimed.formUnion([directory, directory.parent])
            stack.made.insert(directory)
        }
    }

    mutating func remove(_ path: [UInt8]) {
        tree[path] = nil
        for below in tree.keys where below.isBelow(path) { tree[below] = nil }
    }

    mutating func hide(_ path: [UInt8], andItself: Bool) {
        for (below, node) in tree where below.isBelow(path) {
            if node.layer != number {
                tree[below] = nil
            } else if node.isDirectory {
                stack.untimed.insert(below)
            }
        }
        guard andItself, let node = tree[path] else { return }
        if node.layer != number { tree[path] = nil } else if node.isDirectory { stack.untimed.insert(path) }
    }

    /// Whether hiding is the same before and after what this layer has below `path`: all directories on the way to it
    /// have entries here.
    func directoriesHaveEntries(below path: [UInt8]) -> Bool {
        let ofThisLayer = tree.filter { $0.key.isBelow(path) && $0.value.layer == number }.keys
        return ofThisLayer.allSatisfy { found in
            found.ancestors.allSatisfy { directory in
                guard directory == path || directory.isBelow(path), let node = tree[directory] else { return true }
                return node.layer == number && node.hasEntry
            }
        } && ofThisLayer.allSatisfy { tree[$0].map { !$0.isDirectory || $0.hasEntry } ?? true }
    }

    mutating func existing(where matches: ([UInt8], Node) -> Bool) -> [UInt8]? {
        let found = tree.filter { matches($0.key, $0.value) }.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return found.isEmpty ? nil : random.pick(found)
    }

    /// The directory at the end of `path`, links followed.
    func followed(_ path: [UInt8]) -> [UInt8]? {
        var rest = path.components
        var at: [UInt8] = []
        var steps = 0
        while !rest.isEmpty {
            let component = rest.removeFirst()
            if component == Array(".") { continue }
            if component == Array("..") {
                at = at.parent
                continue
            }
            let next = at.appending(component: component)
            switch tree[next]?.kind {
            case .directory: at = next
            case .symbolicLink(let target):
                steps += 1
                if steps > 10 { return nil }
                if target.first == UInt8(ascii: "/") { at = [] }
                rest = target.components + rest
            default: return nil
            }
        }
        return at
    }
}
