import CFuse
import Glibc

/// How long the kernel may believe an answer without asking again.
public struct Validity: Equatable, Sendable {
    let seconds: UInt64

    /// Ask again each time.
    public static let none = Self(seconds: 0)
    /// For as long as the kernel remembers the object: what was said does not change. (68 years; the kernel adds the
    /// time to its own clock.)
    public static let unlimited = Self(seconds: 1 << 31)
}

/// What stat(2) shows of a file. Times are those of the last modification; there are no others here.
public struct FileAttributes: Equatable, Sendable {
    public var node: UInt64
    /// File type and permissions, as in `st_mode`.
    public var mode: UInt32
    public var linkCount: UInt32
    public var userID: UInt32 = 0
    public var groupID: UInt32 = 0
    public var deviceMajor: UInt32 = 0
    public var deviceMinor: UInt32 = 0
    /// In bytes.
    public var size: UInt64 = 0
    /// In units of 512 bytes.
    public var blocks512: UInt64 = 0
    public var modificationSeconds: Int64 = 0
    public var modificationNanoseconds: UInt32 = 0

    public init(node: UInt64, mode: UInt32, linkCount: UInt32) {
        self.node = node
        self.mode = mode
        self.linkCount = linkCount
    }
}

extension FileAttributes {
    /// The block size that stat(2) recommends: one page cache folio's worth is read at least anyway.
    private static let preferredBlockSize: UInt32 = 4096

    /// As the kernel wants them.
    @inline(__always)
    var wire: fuse_attr {
        var wire = fuse_attr()
        wire.ino = node
        wire.size = size
        wire.blocks = blocks512
        wire.atime = UInt64(bitPattern: modificationSeconds)
        wire.mtime = wire.atime
        wire.ctime = wire.atime
        wire.atimensec = modificationNanoseconds
        wire.mtimensec = modificationNanoseconds
        wire.ctimensec = modificationNanoseconds
        wire.mode = mode
        wire.nlink = linkCount
        wire.uid = userID
        wire.gid = groupID
        wire.rdev = Self.encode(deviceMajor, deviceMinor)
        wire.blksize = Self.preferredBlockSize
        return wire
    }

    /// The kernel's `new_encode_dev`: twelve bits of major and twenty of minor number in 32 bits.
    static func encode(_ major: UInt32, _ minor: UInt32) -> UInt32 {
        (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xfff00) << 12
    }

    /// An answer to a lookup: the same validity for the name and for the attributes.
    @inline(__always)
    func entry(_ validity: Validity) -> fuse_entry_out {
        var entry = fuse_entry_out()
        entry.nodeid = node
        entry.entry_valid = validity.seconds
        entry.attr_valid = validity.seconds
        entry.attr = wire
        return entry
    }
}

/// What statfs(2) shows. Nothing is free in a read-only file system.
public struct FileSystemStatistics: Equatable, Sendable {
    public var blockSize: UInt32 = 4096
    /// In units of `blockSize`.
    public var blockCount: UInt64
    public var fileCount: UInt64
    public var maximumNameLength: UInt32 = 255

    public init(blockCount: UInt64, fileCount: UInt64) {
        self.blockCount = blockCount
        self.fileCount = fileCount
    }

    var wire: fuse_kstatfs {
        var wire = fuse_kstatfs()
        wire.blocks = blockCount
        wire.files = fileCount
        wire.bsize = blockSize
        wire.frsize = blockSize
        wire.namelen = maximumNameLength
        return wire
    }
}
