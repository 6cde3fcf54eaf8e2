import CFuse
import Glibc

/// The answer to one request, sent exactly once.
///
/// The compiler refuses a second answer; a reply that is dropped answers EIO, so that nobody waits for ever.
/// That sending fails is of no interest: the caller was killed, or the file system is gone.
public struct Reply: ~Copyable, @unchecked Sendable {
    /// Owned by this reply: libfuse frees it with the answer. libfuse locks what its threads share.
    let request: OpaquePointer

    init(_ request: OpaquePointer) { self.request = request }

    /// Who asks; nil for a caller outside of the daemon's pid namespace, and for one that has ended.
    ///
    /// From /proc: a kernel that allows idmapped mounts leaves the user out of most requests (FUSE_INVALID_UIDGID), and
    /// no request has the groups.
    public var caller: Caller? { ThreadStatus(ofThread: fuse_req_ctx(request).pointee.pid)?.caller }

    /// To be called before the answer has to wait for a disk: other threads serve the session meanwhile. Does nothing when
    /// this is not the thread that the request came on.
    public borrowing func takesTime() { Worker.giveUpLead() }

    deinit { fuse_reply_err(request, EIO) }

    /// Answers with an errno.
    public consuming func error(_ errno: Int32) {
        fuse_reply_err(request, errno)
        discard self
    }

    /// Answers a lookup.
    public consuming func entry(_ attributes: FileAttributes, _ validity: Validity) {
        send(attributes.entry(validity))
        discard self
    }

    /// Answers a lookup: there is no such name, and that may be remembered.
    public consuming func noEntry(_ validity: Validity) {
        var entry = fuse_entry_out()
        entry.entry_valid = validity.seconds
        send(entry)
        discard self
    }

    /// Answers getattr.
    public consuming func attributes(_ attributes: FileAttributes, _ validity: Validity) {
        var answer = fuse_attr_out()
        answer.attr_valid = validity.seconds
        answer.attr = attributes.wire
        send(answer)
        discard self
    }

    /// Answers readdir and readlink. The bytes are copied by the kernel before this returns.
    public consuming func data(_ bytes: UnsafeRawBufferPointer) {
        fuse_reply_buf(request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        discard self
    }

    /// Answers read, and counts the bytes as content that was served.
    public consuming func content(_ bytes: UnsafeRawBufferPointer) {
        session(of: request)._withUnsafeGuaranteedRef { $0.pool.counters.served(byteCount: bytes.count) }
        data(bytes)
    }

    /// Answers getxattr and listxattr: with the size when the caller has no room at all (`capacity` 0), with ERANGE
    /// when it has too little.
    public consuming func extendedAttribute(_ value: UnsafeRawBufferPointer, capacity: Int) {
        if capacity == 0 {
            fuse_reply_xattr(request, value.count)
        } else if value.count > capacity {
            fuse_reply_err(request, ERANGE)
        } else {
            fuse_reply_buf(request, value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count)
        }
        discard self
    }

    /// Answers statfs.
    public consuming func statistics(_ statistics: FileSystemStatistics) {
        send(fuse_statfs_out(st: statistics.wire))
        discard self
    }

    /// Answers seek with an offset in bytes.
    public consuming func position(_ offset: UInt64) {
        fuse_reply_lseek(request, Int(clamping: offset))
        discard self
    }

    @inline(__always)
    private borrowing func send<Answer: BitwiseCopyable>(_ answer: Answer) {
        withUnsafeBytes(of: answer) { bytes in
            _ = fuse_reply_buf(request, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
    }
}
