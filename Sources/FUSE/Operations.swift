import CFuse
import Glibc

/// The C functions that libfuse calls: each finds the session's file system and hands the request on.
///
/// They stand at file scope and capture nothing, so that they belong to no actor and run on any thread.
enum Operations {
    /// Operations that are missing are answered ENOSYS by libfuse; forget needs no answer and does nothing, since nodes
    /// live as long as the file system.
    static var table: fuse_lowlevel_ops {
        var table = fuse_lowlevel_ops()
        table.`init` = { _, connection in
            if let connection { Negotiation.negotiate(&connection.pointee) }
        }
        table.lookup = { request, directory, name in
            guard let request, let name else { return }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            serve(request) { $0.lookup(bytes, in: directory, reply: $1) }
        }
        table.getattr = { request, node, _ in
            guard let request else { return }
            serve(request) { $0.getattr(node, reply: $1) }
        }
        // ENOSYS means: there is nothing to do in order to open, now and later.
        table.open = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.opendir = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.readlink = { request, node in
            guard let request else { return }
            serve(request) { $0.readlink(node, reply: $1) }
        }
        table.read = { request, node, length, offset, _ in
            guard let request else { return }
            serve(request) { $0.read(node, offset: UInt64(bitPattern: Int64(offset)), length: length, reply: $1) }
        }
        table.readdir = { request, node, length, offset, _ in
            guard let request else { return }
            serve(request) {
                $0.readdir(
                    node, offset: UInt64(bitPattern: Int64(offset)), length: length, withAttributes: false, reply: $1)
            }
        }
        table.readdirplus = { request, node, length, offset, _ in
            guard let request else { return }
            serve(request) {
                $0.readdir(
                    node, offset: UInt64(bitPattern: Int64(offset)), length: length, withAttributes: true, reply: $1)
            }
        }
        table.getxattr = { request, node, name, capacity in
            guard let request, let name else { return }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            serve(request) { $0.getxattr(node, name: bytes, capacity: capacity, reply: $1) }
        }
        table.listxattr = { request, node, capacity in
            guard let request else { return }
            serve(request) { $0.listxattr(node, capacity: capacity, reply: $1) }
        }
        table.statfs = { request, node in
            guard let request else { return }
            serve(request) { $0.statfs(node, reply: $1) }
        }
        table.lseek = { request, node, offset, whence, _ in
            guard let request else { return }
            serve(request) { fileSystem, reply in
                guard offset >= 0 else { return reply.error(ENXIO) }
                switch whence {
                case seekData: fileSystem.seek(node, toNext: .data, from: UInt64(offset), reply: reply)
                case seekHole: fileSystem.seek(node, toNext: .hole, from: UInt64(offset), reply: reply)
                default: reply.error(EINVAL)
                }
            }
        }
        return table
    }
}

/// SEEK_DATA and SEEK_HOLE, which glibc only shows under _GNU_SOURCE.
private let seekData: Int32 = 3
private let seekHole: Int32 = 4

/// The session is retained by the thread that processes the request, or by the deferred reply.
@inline(__always)
func session(of request: OpaquePointer) -> Unmanaged<FuseSession> {
    guard let userdata = fuse_req_userdata(request) else { preconditionFailure("a request without a session") }
    return Unmanaged.fromOpaque(userdata)
}

/// Calls the session's file system, without counting references.
@inline(__always)
private func serve(_ request: OpaquePointer, _ body: (any FileSystem, consuming Reply) -> Void) {
    session(of: request)._withUnsafeGuaranteedRef { body($0.fileSystem, Reply(request)) }
}
