import Tar

/// What layers give, in the simplest way that comes to mind: a dictionary of paths. Slow, and written apart from the
/// program, from docs/fidelity.md, "Layers", alone.
struct ModelTree {
    final class Inode {
        let kind: TarEntry.Kind
        let mode: UInt16
        let text: String

        init(_ kind: TarEntry.Kind, _ mode: UInt16, _ text: String = "") {
            self.kind = kind
            self.mode = mode
            self.text = text
        }

        var isDirectory: Bool { kind == .directory }
    }

    struct Refused: Error {}

    private var inodes: [String: Inode] = ["": Inode(.directory, 0o755)]
    private var layers: [String: Int] = ["": 0]

    init(_ stack: [[TarEntry]]) throws(Refused) {
        for (number, layer) in stack.enumerated() {
            for entry in layer { try apply(entry, number) }
        }
    }

    private mutating func apply(_ entry: TarEntry, _ layer: Int) throws(Refused) {
        let path = String(decoding: entry.path, as: UTF8.self)
        var components = path.split(separator: "/").map(String.init).filter { $0 != "." }
        let name = components.popLast() ?? ""
        if name == ".wh..wh..opq" {
            if let directory = try resolve(components, layer, creating: false) { hide(below: directory, layer) }
            return
        }
        if name.hasPrefix(".wh.") {
            guard let directory = try resolve(components, layer, creating: false) else { return }
            let hidden = join(directory, String(name.dropFirst(4)))
            hide(below: hidden, layer)
            hide(hidden, layer)
            return
        }
        try apply(entry, at: join(resolve(components, layer, creating: true) ?? "", name), layer)
    }

    private mutating func apply(_ entry: TarEntry, at path: String, _ layer: Int) throws(Refused) {
        let target = String(decoding: entry.linkPath, as: UTF8.self)
        switch entry.kind {
        case .directory:
            if inodes[path]?.isDirectory != true { remove(path) }
            inodes[path] = Inode(.directory, entry.mode)
        case .hardLink:
            if try find(target, layer) != path { remove(path) }
            guard let found = try find(target, layer), let inode = inodes[found], !inode.isDirectory else {
                throw Refused()
            }
            inodes[path] = inode
        case .symbolicLink:
            remove(path)
            inodes[path] = Inode(.symbolicLink, 0o777, target)
        default:
            remove(path)
            inodes[path] = Inode(entry.kind, entry.mode, " [\(layer):\(entry.extents[0].archiveOffset)]")
        }
        layers[path] = layer
    }

    private func find(_ path: String, _ layer: Int) throws(Refused) -> String? {
        var components = path.split(separator: "/").map(String.init)
        guard let name = components.popLast() else { return "" }
        var copy = self
        return try copy.resolve(components, layer, creating: false).map { join($0, name) }
            .flatMap { inodes[$0] == nil ? nil : $0 }
    }

    private mutating func resolve(_ path: [String], _ layer: Int, creating: Bool) throws(Refused) -> String? {
        var rest = path
        var at = ""
        var links = 0
        while !rest.isEmpty {
            let component = rest.removeFirst()
            if component == "." { continue }
            if component == ".." {
                at = parent(at)
                continue
            }
            let next = join(at, component)
            if inodes[next]?.isDirectory == true {
                at = next
            } else if let link = inodes[next], link.kind == .symbolicLink {
                links += 1
                if links > 40 {
                    if creating { throw Refused() }
                    return nil
                }
                if link.text.hasPrefix("/") { at = "" }
                rest = link.text.split(separator: "/").map(String.init) + rest
            } else {
                if !creating { return nil }
                if inodes[next] != nil, links > 0 || layers[next] == layer { throw Refused() }
                remove(next)
                inodes[next] = Inode(.directory, 0o755)
                layers[next] = layer
                at = next
            }
        }
        return at
    }

    private func join(_ directory: String, _ name: String) -> String {
        directory.isEmpty ? name : directory + "/" + name
    }

    private func parent(_ path: String) -> String {
        path.split(separator: "/").dropLast().joined(separator: "/")
    }

    private func paths(below path: String) -> [String] {
        inodes.keys.filter { !$0.isEmpty && $0 != path && (path.isEmpty || $0.hasPrefix(path + "/")) }
    }

    private mutating func remove(_ path: String) {
        for gone in paths(below: path) + [path] { (inodes[gone], layers[gone]) = (nil, nil) }
    }

    private mutating func hide(below path: String, _ layer: Int) {
        if inodes[path]?.isDirectory != true { return }
        // The longest first: children before their parents.
        for found in paths(below: path).sorted(by: { $0.count > $1.count }) { hide(found, layer) }
    }

    private mutating func hide(_ path: String, _ layer: Int) {
        guard inodes[path] != nil, layers[path] != layer else { return }
        if paths(below: path).isEmpty {
            remove(path)
        } else {
            inodes[path] = Inode(.directory, 0o755)
            layers[path] = layer
        }
    }

    /// In the form of `Tree.lines`.
    var lines: [String] {
        var lines: [String] = []
        if let root = inodes[""], root.mode != 0o755 { lines.append("/ " + String(root.mode, radix: 8)) }
        let sorted = inodes.keys.filter { !$0.isEmpty }.map { $0.split(separator: "/").map { Array($0.utf8) } }
            .sorted { $0.lexicographicallyPrecedes($1) { $0.lexicographicallyPrecedes($1) } }
        for components in sorted {
            let path = components.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
            guard let inode = inodes[path] else { continue }
            switch inode.kind {
            case .directory: lines.append(path + "/" + mode(inode, 0o755))
            case .symbolicLink: lines.append(path + " -> " + inode.text + count(inode))
            default: lines.append(path + mode(inode, 0o644) + inode.text + count(inode))
            }
        }
        return lines
    }

    private func mode(_ inode: Inode, _ usual: UInt16) -> String {
        inode.mode == usual ? "" : " " + String(inode.mode, radix: 8)
    }

    private func count(_ inode: Inode) -> String {
        let count = inodes.values.filter { $0 === inode }.count
        return count > 1 ? " x\(count)" : ""
    }
}
