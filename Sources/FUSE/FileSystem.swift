/// A read-only file system that answers the kernel's requests.
///
/// Methods are called on the threads of a `WorkerPool`, many at a time, and must not block on anything but local
/// files, and on those only after `Reply.takesTime`. A method that cannot answer yet keeps the reply in a `DeferredReply`
/// and returns. Names and buffers are valid until the method returns. Nodes are numbers that the file system gave out
/// itself; 1 is the root.
///
/// The kernel is never asked to open anything: open and opendir are answered ENOSYS by the session, so that pages,
/// directory listings and attributes stay cached (linux/fuse.h, FUSE_NO_OPEN_SUPPORT).
public protocol FileSystem: AnyObject, Sendable {
    /// Answer with `entry` or `noEntry`. `.` and `..` are asked for when a file handle is turned back into a file.
    func lookup(_ name: UnsafeRawBufferPointer, in directory: UInt64, reply: consuming Reply)
    /// Answer with `attributes`.
    func getattr(_ node: UInt64, reply: consuming Reply)
    /// Answer with `data`: the target of a symbolic link, without a NUL.
    func readlink(_ node: UInt64, reply: consuming Reply)
    /// Answer with `content`; fewer bytes than `length` mean the end of the file.
    func read(_ node: UInt64, offset: UInt64, length: Int, reply: consuming Reply)
    /// Answer with `data`: at most `length` bytes of a `DirectoryListing`, none at the end of the directory.
    /// `offset` is 0 or the offset that an entry was listed with.
    func readdir(_ node: UInt64, offset: UInt64, length: Int, withAttributes: Bool, reply: consuming Reply)
    /// Answer with `extendedAttribute`.
    func getxattr(_ node: UInt64, name: UnsafeRawBufferPointer, capacity: Int, reply: consuming Reply)
    /// Answer with `extendedAttribute`: NUL-terminated names one after the other.
    func listxattr(_ node: UInt64, capacity: Int, reply: consuming Reply)
    /// Answer with `statistics`.
    func statfs(_ node: UInt64, reply: consuming Reply)
    /// Answer with `position`, or ENXIO when there is nothing more behind `offset`. See lseek(2).
    func seek(_ node: UInt64, toNext target: SeekTarget, from offset: UInt64, reply: consuming Reply)
    /// The last mount is gone or the session was stopped: no request comes any more, and replies that are still
    /// deferred have to be let go.
    func sessionEnded()
}

/// SEEK_DATA and SEEK_HOLE of lseek(2).
public enum SeekTarget: Sendable { case data, hole }
