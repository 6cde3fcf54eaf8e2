public import FUSE
import Glibc

/// Stands in for an image whose requests ended the daemon again and again: every request is answered EIO, and nothing of
/// the image is touched.
public final class IsolatedFileSystem: FileSystem {
    public init() {}

    public func lookup(_ name: UnsafeRawBufferPointer, in directory: UInt64, reply: consuming Reply) {
        reply.error(EIO)
    }
    public func getattr(_ node: UInt64, reply: consuming Reply) { reply.error(EIO) }
    public func readlink(_ node: UInt64, reply: consuming Reply) { reply.error(EIO) }
    public func read(_ node: UInt64, offset: UInt64, length: Int, reply: consuming Reply) { reply.error(EIO) }
    public func readdir(
        _ node: UInt64, offset: UInt64, length: Int, withAttributes: Bool, reply: consuming Reply
    ) { reply.error(EIO) }
    public func getxattr(_ node: UInt64, name: UnsafeRawBufferPointer, capacity: Int, reply: consuming Reply) {
        reply.error(EIO)
    }
    public func listxattr(_ node: UInt64, capacity: Int, reply: consuming Reply) { reply.error(EIO) }
    public func statfs(_ node: UInt64, reply: consuming Reply) { reply.error(EIO) }
    public func seek(_ node: UInt64, toNext target: SeekTarget, from offset: UInt64, reply: consuming Reply) {
        reply.error(EIO)
    }
    public func sessionEnded() {}
}
