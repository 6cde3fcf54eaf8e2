import Glibc

/// The calling thread's own memory for an answer: page-aligned, as large as the largest read, made at first use and
/// freed when the thread ends. What was never touched takes no memory.
public enum ReplyBuffer {
    /// The kernel reads at most 256 pages in one request (FUSE_MAX_MAX_PAGES in libfuse).
    static let byteCount = 256 * sysconf(Int32(_SC_PAGESIZE))

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = pthread_key_create(&key, releaseReplyBuffer)
        precondition(code == 0, "no thread-specific key left for reply buffers")
        return key
    }()

    /// Takes the key now, while there are some.
    static func prepare() { _ = key }

    /// The first `length` bytes of the buffer, or all of it when it is shorter. Valid until the thread's next use.
    public static func memory(_ length: Int) -> UnsafeMutableRawBufferPointer {
        let start = pthread_getspecific(key) ?? allocate()
        return UnsafeMutableRawBufferPointer(start: start, count: min(length, byteCount))
    }

    private static func allocate() -> UnsafeMutableRawPointer {
        let start = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: sysconf(Int32(_SC_PAGESIZE)))
        pthread_setspecific(key, start)
        return start
    }
}

private func releaseReplyBuffer(_ start: UnsafeMutableRawPointer?) {
    start?.deallocate()
}
