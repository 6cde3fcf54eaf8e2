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
            fileSystem(of: request).lookup(bytes, in: directory, reply: Reply(request))
        }
        table.getattr = { request, node, _ in
            guard let request else { return }
            fileSystem(of: request).getattr(node, reply: Reply(request))
        }
        // ENOSYS means: there is nothing to do in order to open, now and later.
        table.open = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.opendir = { request, _, _ in fuse_reply_err(request, ENOSYS) }
        table.readlink = { request, node in
            guard let request else { return }
            fileSystem(of: request).readlink(node, reply: Reply(request))
        }
        table.read = { request, node, length, offset, _ in
            guard let request else { return }
            fileSystem(of: request).read(
                node, offset: UInt64(bitPattern: Int64(offset)), length: length, reply: Reply(request))
        }
        table.readdir = { request, node, length, offset, _ in
            guard let request else { return }
            fileSystem(of: request).readdir(
                node, offset: UInt64(bitPattern: Int64(offset)), length: length, withAttributes: false,
                reply: Reply(request))
        }
        table.readdirplus = { request, node, length, offset, _ in
            guard let request else { return }
            fileSystem(of: request).readdir(
                node, offset: UInt64(bitPattern: Int64(offset)), length: length, withAttributes: true,
                reply: Reply(request))
        }
        table.getxattr = { request, node, name, capacity in
            guard let request, let name else { return }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            fileSystem(of: request).getxattr(node, name: bytes, capacity: capacity, reply: Reply(request))
        }
        table.listxattr = { request, node, capacity in
            guard let request else { return }
            fileSystem(of: request).listxattr(node, capacity: capacity, reply: Reply(request))
        }
        table.statfs = { request, node in
            guard let request else { return }
            fileSystem(of: request).statfs(node, reply: Reply(request))
        }
        table.lseek = { request, node, offset, whence, _ in
            guard let request else { return }
            let reply = Reply(request)
            guard offset >= 0 else { return reply.error(ENXIO) }
            switch whence {
            case seekData:
                fileSystem(of: request).seek(node, toNext: .data, from: UInt64(offset), reply: reply)
            case seekHole:
                fileSystem(of: request).seek(node, toNext: .hole, from: UInt64(offset), reply: reply)
            default: reply.error(EINVAL)
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

@inline(__always)
private func fileSystem(of request: OpaquePointer) -> any FileSystem {
    session(of: request)._withUnsafeGuaranteedRef { $0.fileSystem }
}
