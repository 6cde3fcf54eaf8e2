import CFuse

/// What is agreed with the kernel when a session starts (FUSE_INIT).
enum Negotiation {
    /// More reads of one process than the kernel's 12 may be on their way: parked ones must not hold up others.
    static let maximumBackgroundRequests: UInt32 = 256

    /// Features that are used where the kernel has them. Left out on purpose: splice (slower than reading into a
    /// buffer), AUTO_INVAL_DATA (nothing changes), locks (the kernel keeps those of a local file system itself).
    private static let wanted =
        UInt32(FUSE_CAP_ASYNC_READ) | UInt32(FUSE_CAP_PARALLEL_DIROPS) | UInt32(FUSE_CAP_READDIRPLUS)
        | UInt32(FUSE_CAP_READDIRPLUS_AUTO) | UInt32(FUSE_CAP_EXPORT_SUPPORT)
        | UInt32(FUSE_CAP_CACHE_SYMLINKS)

    /// `max_write` stays at libfuse's 256 pages, since the largest read follows from it.
    static func negotiate(_ connection: inout fuse_conn_info) {
        connection.want = connection.capable & wanted
        connection.max_background = maximumBackgroundRequests
        connection.congestion_threshold = maximumBackgroundRequests / 4 * 3
    }

    /// Adds to libfuse's answer what some versions leave out although it was wanted: libfuse 3.14.0 forgets
    /// FUSE_PARALLEL_DIROPS, without which one lookup that waits holds up every other one in its directory.
    static func complete(_ answer: inout fuse_init_out, offered: UInt32) {
        answer.flags |= offered & UInt32(FUSE_PARALLEL_DIROPS)
    }
}
