public import FUSE
import Glibc
import Snapshot
import Synchronization
import SystemPackage

extension Unmanaged<ReadyTree> {
    /// Asks the tree without counting references, since it lives as long as the file system does.
    @inline(__always)
    fileprivate func ask<Value>(_ question: (ReadyTree) throws(Errno) -> Value) throws(Errno) -> Value {
        try _withUnsafeGuaranteedRef { tree in
            Result { () throws(Errno) -> Value in try question(tree) }
        }.get()
    }
}

/// Each request: parked while the image is cold, otherwise answered with what the tree says.
extension ImageFileSystem {
    private static let root: UInt64 = 1

    /// What the mount point looks like before anybody looked inside: mount(8), systemd and `ls -d` fetch nothing.
    private static let coldRoot = FileAttributes(node: root, mode: S_IFDIR | 0o755, linkCount: 2)

    public func lookup(_ name: UnsafeRawBufferPointer, in directory: UInt64, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            return park(.lookup(name: Array(name), directory: directory), reply)
        }
        do throws(Errno) {
            let found = try ready.ask { (tree) throws(Errno) in
                try tree.lookup(name, in: directory)
            }
            if let found { reply.entry(found, .unlimited) } else { reply.noEntry(.unlimited) }
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func getattr(_ node: UInt64, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            if node == Self.root, !wasReady { return reply.attributes(Self.coldRoot, .none) }
            return park(.getattr(node: node), reply)
        }
        do throws(Errno) {
            let found = try ready.ask { (tree) throws(Errno) in try tree.attributes(of: node) }
            reply.attributes(found, .unlimited)
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func readlink(_ node: UInt64, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            return park(.readlink(node: node), reply)
        }
        do throws(Errno) {
            let target = try ready.ask { (tree) throws(Errno) in try tree.linkTarget(of: node) }
            reply.data(target)
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func read(_ node: UInt64, offset: UInt64, length: Int, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            return park(.read(node: node, offset: offset, length: length), reply)
        }
        do throws(Errno) {
            let bytes = try ready.ask { (tree) throws(Errno) in
                try tree.read(node, offset: offset, length: length) { reply.takesTime() }
            }
            reply.content(bytes)
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func readdir(
        _ node: UInt64, offset: UInt64, length: Int, withAttributes: Bool, reply: consuming Reply
    ) {
        guard let ready = ready.load(ordering: .acquiring) else {
            return park(.readdir(node: node, offset: offset, length: length, withAttributes: withAttributes), reply)
        }
        do throws(Errno) {
            let listing = try ready.ask { (tree) throws(Errno) in
                try tree.list(node, offset: offset, length: length, withAttributes: withAttributes)
            }
            reply.data(listing)
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func getxattr(_ node: UInt64, name: UnsafeRawBufferPointer, capacity: Int, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            // Programs that only look at the mount point ask for its security labels.
            if node == Self.root, !wasReady { return reply.error(ENODATA) }
            return park(.getxattr(node: node, name: Array(name), capacity: capacity), reply)
        }
        do throws(Errno) {
            let value = try ready.ask { (tree) throws(Errno) in
                try tree.extendedAttribute(name, of: node)
            }
            reply.extendedAttribute(value, capacity: capacity)
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func listxattr(_ node: UInt64, capacity: Int, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            if node == Self.root, !wasReady {
                return reply.extendedAttribute(UnsafeRawBufferPointer(start: nil, count: 0), capacity: capacity)
            }
            return park(.listxattr(node: node, capacity: capacity), reply)
        }
        do throws(Errno) {
            let names = try ready.ask { (tree) throws(Errno) in
                try tree.extendedAttributeNames(of: node)
            }
            reply.extendedAttribute(names, capacity: capacity)
        } catch {
            reply.error(error.rawValue)
        }
    }

    public func seek(_ node: UInt64, toNext target: SeekTarget, from offset: UInt64, reply: consuming Reply) {
        guard let ready = ready.load(ordering: .acquiring) else {
            return park(.seek(node: node, target: target, offset: offset), reply)
        }
        do throws(Errno) {
            let found = try ready.ask { (tree) throws(Errno) in
                try tree.next(target, in: node, from: offset)
            }
            if let found { reply.position(found) } else { reply.error(ENXIO) }
        } catch {
            reply.error(error.rawValue)
        }
    }

    /// Not parked at first: df(1) of an image that is not there yet shows nothing, as of file systems without blocks.
    public func statfs(_ node: UInt64, reply: consuming Reply) {
        let statistics = ready.load(ordering: .acquiring)?._withUnsafeGuaranteedRef { $0.statistics }
        if statistics == nil, wasReady { return park(.statfs(node: node), reply) }
        reply.statistics(statistics ?? FileSystemStatistics(blockCount: 0, fileCount: 0))
    }
}
