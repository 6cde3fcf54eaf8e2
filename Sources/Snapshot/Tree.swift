public import LayerIndex
public import OCI

/// The files of an image: an immutable, memory-mapped table of inodes and names.
///
/// A node is an inode's position + 1; the root is 1. `init` checks the whole file, so that no accessor can leave it. No
/// accessor allocates or locks. A node that is not in the tree gets nil or nothing. Pointers that accessors return are
/// valid as long as this object lives.
public final class Tree: Sendable {
    public static let root: UInt64 = 1

    public let chainID: Digest
    /// The layers by their numbers, the lowest first.
    public let diffIDs: [Digest]
    /// Nodes are 1 to this number.
    public let inodeCount: Int
    /// The blocks of all inodes, in bytes: what du(1) adds up to.
    public let contentByteCount: UInt64
    /// Whether any inode has an extended attribute.
    public let hasExtendedAttributes: Bool

    private let file: LoadedFile
    let sections: TreeSections

    /// Checks magic, version, checksum, digest and every record.
    public init(_ file: LoadedFile, chainID: Digest) throws(TreeError) {
        let sections: TreeSections
        do {
            sections = try TreeSections(validating: file.bytes, chainID: chainID)
        } catch {
            throw .unreadable(chainID: chainID, reason: error.reason)
        }
        self.file = file
        self.sections = sections
        self.chainID = chainID
        diffIDs = sections.diffIDs()
        inodeCount = sections.inodeCount
        contentByteCount = sections.contentByteCount
        hasExtendedAttributes = sections.hasExtendedAttributes
    }

    /// Of the whole file: equal for trees with the same nodes.
    public var checksum: UInt64 {
        UInt64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    }

    public func contains(_ node: UInt64) -> Bool { sections.inode(node) != nil }

    /// What stat(2) shows.
    public struct Attributes: Equatable, Sendable {
        /// Permissions and file type.
        public var mode: UInt32
        /// Names of a file; 2 + subdirectories of a directory.
        public var linkCount: UInt32
        public var userID: UInt32
        public var groupID: UInt32
        /// 0 to 4095; 0 for everything but devices.
        public var deviceMajor: UInt32
        /// 0 to 1,048,575; 0 for everything but devices.
        public var deviceMinor: UInt32
        public var size: UInt64
        /// Blocks of 512 bytes that content takes, holes not counted.
        public var blocks512: UInt64
        public var mtimeSeconds: Int64
        public var mtimeNanoseconds: UInt32
    }

    public func attributes(of node: UInt64) -> Attributes? {
        guard let inode = sections.inode(node) else { return nil }
        let isDevice = inode.kind == .characterDevice || inode.kind == .blockDevice
        return Attributes(
            mode: inode.mode, linkCount: inode.linkCount, userID: inode.userID, groupID: inode.groupID,
            deviceMajor: isDevice ? inode.high : 0, deviceMinor: isDevice ? inode.low : 0, size: inode.size,
            blocks512: inode.blocks512, mtimeSeconds: inode.modificationSeconds,
            mtimeNanoseconds: inode.modificationNanoseconds)
    }

    public func isDirectory(_ node: UInt64) -> Bool { sections.inode(node)?.kind == .directory }

    /// The node that has `name` in `directory`; nil when there is none. A binary search.
    public func lookup(_ name: UnsafeRawBufferPointer, in directory: UInt64) -> UInt64? {
        guard let inode = sections.inode(directory), inode.kind == .directory else { return nil }
        var low = Int(inode.low)
        var high = low + Int(inode.high)
        while low < high {
            let middle = (low + high) / 2
            let candidate = sections.name(middle)
            let order = compareNames(candidate.text, name)
            if order == 0 { return UInt64(candidate.inode) + 1 }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The directory that `directory` is in. The root, and what is no directory, is in the root.
    public func parent(of directory: UInt64) -> UInt64 {
        guard let inode = sections.inode(directory), inode.kind == .directory else { return Self.root }
        return UInt64(inode.parent) + 1
    }

    /// How many names `directory` has, without "." and "..".
    public func entryCount(of directory: UInt64) -> Int {
        guard let inode = sections.inode(directory), inode.kind == .directory else { return 0 }
        return Int(inode.high)
    }

    /// The name at `position` of `directory`, 0 to `entryCount(of:)` - 1, in the order of the names' bytes.
    public func entry(
        _ position: Int, of directory: UInt64
    ) -> (name: UnsafeRawBufferPointer, node: UInt64)? {
        guard
            let inode = sections.inode(directory), inode.kind == .directory, position >= 0,
            position < Int(inode.high)
        else { return nil }
        let name = sections.name(Int(inode.low) + position)
        return (name.text, UInt64(name.inode) + 1)
    }

    /// Where a symbolic link leads; nil for other kinds.
    public func linkTarget(of node: UInt64) -> UnsafeRawBufferPointer? {
        guard let inode = sections.inode(node), inode.kind == .symbolicLink else { return nil }
        return sections.heapBytes(Int(inode.low), Int(inode.high))
    }

    public func extendedAttribute(_ name: UnsafeRawBufferPointer, of node: UInt64) -> UnsafeRawBufferPointer? {
        guard let inode = sections.inode(node), inode.attributes != 0 else { return nil }
        return sections.attributeSet(Int(inode.attributes)).value(of: name)
    }

    /// The names of all extended attributes, each with a NUL after it, as listxattr(2) gives them.
    public func extendedAttributeNames(of node: UInt64) -> UnsafeRawBufferPointer {
        guard let inode = sections.inode(node), inode.attributes != 0 else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return sections.attributeSet(Int(inode.attributes)).names
    }
}
