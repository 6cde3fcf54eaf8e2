internal import LayerIndex

/// Where a path leads in a tree.
public enum TreePath: Equatable, Sendable {
    /// To a node. `path` is the way there without symbolic links and dots; empty for the root.
    case found(node: UInt64, path: [UInt8])
    /// Nowhere: there is no such name, or the directory that it would be in is none. `path` has what was found without
    /// symbolic links, and then the rest as it was given.
    case missing(path: [UInt8])
    /// Through more symbolic links than Linux follows.
    case tooManyLinks
}

extension Tree {
    /// Symbolic links that one path may lead through, as on Linux.
    static let maximumLinkCount = 40

    /// Follows a path from the root as a process would whose root it is: `..` stays in it.
    ///
    /// - Parameter followsLast: a symbolic link that the path ends at is followed too.
    public func resolve(_ path: [UInt8], followsLast: Bool) -> TreePath {
        // The way from the root; the last one is where we are.
        var way: [(node: UInt64, name: [UInt8])] = []
        // What is still to be walked, the next one last.
        var pending = Self.components(path).reversed() as [[UInt8]]
        var linkCount = 0
        func joined(_ rest: [[UInt8]] = []) -> [UInt8] {
            Array((way.map(\.name) + rest).joined(separator: [UInt8(ascii: "/")]))
        }
        while let name = pending.popLast() {
            if name == [UInt8(ascii: ".")] { continue }
            if name == Array("..".utf8) {
                _ = way.popLast()
                continue
            }
            guard let node = name.withUnsafeBytes({ lookup($0, in: way.last?.node ?? Self.root) }) else {
                let rest = [name] + pending.reversed().filter { $0 != [UInt8(ascii: ".")] }
                return .missing(path: joined(rest))
            }
            guard let target = linkTarget(of: node), followsLast || !pending.isEmpty else {
                way.append((node, name))
                continue
            }
            linkCount += 1
            if linkCount > Self.maximumLinkCount { return .tooManyLinks }
            if target.first == UInt8(ascii: "/") { way.removeAll() }
            pending += Self.components(Array(target)).reversed()
        }
        return .found(node: way.last?.node ?? Self.root, path: joined())
    }

    private static func components(_ path: [UInt8]) -> [[UInt8]] {
        path.split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    /// The number of the layer that has the content of a regular file; nil for other kinds.
    public func contentLayer(of node: UInt64) -> Int? {
        guard let inode = sections.inode(node), inode.kind == .regular || inode.kind == .sparse else { return nil }
        return Int(inode.layer)
    }
}
