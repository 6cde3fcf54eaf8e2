/// A path in a mounted image, found without asking the image: with the table of mounts and, outside of images, symbolic
/// links. Whoever looks at an image that is not there yet waits for it.
struct MountedPath: Equatable {
    var mount: MountTableEntry
    /// In the image, from its root, without a slash in front.
    var path: String

    /// Symbolic links that a path may lead through, as on Linux.
    private static let maximumLinkCount = 40

    /// The place of an absolute path; nil when it is in no image.
    ///
    /// - Parameter readLink: the target of a symbolic link; nil for everything else.
    static func find(_ path: String, in table: MountTable, readLink: (String) -> String?) -> MountedPath? {
        var walk = Walk(table: table)
        var pending = components(path).reversed() as [String]
        var linkCount = 0
        while let name = pending.popLast() {
            guard walk.enter(name) else { continue }
            // Only outside of images, and not where something is mounted: that is no symbolic link.
            guard let target = readLink(walk.outside) else { continue }
            linkCount += 1
            if linkCount > maximumLinkCount { return nil }
            walk.leaveLink(isAbsolute: target.hasPrefix("/"))
            pending += components(target).reversed()
        }
        return walk.found
    }

    private static func components(_ path: String) -> [String] {
        path.split(separator: "/").map(String.init).filter { $0 != "." }
    }

    private struct Walk {
        let table: MountTable
        /// The image that we are in, and where it is mounted.
        var image: (mount: MountTableEntry, root: [String])?
        /// In the image, as it was given: what `..` means there, its symbolic links decide.
        var inner: [String] = []
        /// Outside of images, without symbolic links.
        var outer: [String] = []

        init(table: MountTable) {
            self.table = table
            locate([])
        }

        var outside: String { "/" + outer.joined(separator: "/") }

        var found: MountedPath? {
            guard let image else { return nil }
            let base = image.mount.root.split(separator: "/").map(String.init)
            return MountedPath(mount: image.mount, path: (base + inner).joined(separator: "/"))
        }

        /// Goes on to a name. True when it is outside of all images and not known to be a directory.
        mutating func enter(_ name: String) -> Bool {
            guard let image else {
                if name == ".." {
                    locate(Array(outer.dropLast()))
                    return false
                }
                outer.append(name)
                guard let mount = mount(at: outer) else { return true }
                if mount.isImage { self.image = (mount, outer) }
                return false
            }
            if name == ".." {
                let depth = inner.reduce(0) { $0 + ($1 == ".." ? -1 : 1) }
                if depth > 0 { inner.append(name) } else { locate(Array(image.root.dropLast())) }
                return false
            }
            inner.append(name)
            // Something may be mounted inside of the image.
            if !inner.contains(".."), mount(at: image.root + inner) != nil { locate(image.root + inner) }
            return false
        }

        /// The last name was a symbolic link, whose target comes next.
        mutating func leaveLink(isAbsolute: Bool) {
            if isAbsolute { locate([]) } else { outer.removeLast() }
        }

        /// Goes to a path without symbolic links: what it is on is the longest prefix with a mount.
        private mutating func locate(_ path: [String]) {
            for count in (0...path.count).reversed() {
                let root = Array(path.prefix(count))
                guard let mount = mount(at: root) else { continue }
                guard mount.isImage else { break }
                (image, inner, outer) = ((mount, root), Array(path.dropFirst(count)), [])
                return
            }
            (image, inner, outer) = (nil, [], path)
        }

        private func mount(at path: [String]) -> MountTableEntry? {
            table.topMost(at: "/" + path.joined(separator: "/"))
        }
    }
}

extension MountTableEntry {
    fileprivate var isImage: Bool { type == "fuse.imgfs" }
}
