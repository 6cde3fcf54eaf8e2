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

    /// FUSE_INIT_EXT: the upper half of the flags counts.
    private static let initExtended: UInt32 = 1 << 30
    /// FUSE_HAS_RESEND, bit 39 of the flags, from Linux 6.9 on: requests can be sent again to a successor.
    private static let resend: UInt32 = 1 << 7
    /// FUSE_ALLOW_IDMAP, bit 40 of the flags, from Linux 6.12 on: mounts can be idmapped, mount_setattr(2). It is for file
    /// systems whose permissions the kernel checks (`default_permissions`), as it does for all of imgfs. libfuse 3.14 does
    /// not know it, and kernels that do not either pass over it.
    private static let allowIDMap: UInt32 = 1 << 8

    /// Adds to libfuse's answer what some versions leave out although it was wanted: libfuse 3.14.0 forgets
    /// FUSE_PARALLEL_DIROPS, without which one lookup that waits holds up every other one in its directory.
    static func complete(_ answer: inout fuse_init_out, offered: UInt32, flags2: UInt32) {
        answer.flags |= offered & UInt32(FUSE_PARALLEL_DIROPS)
        guard offered & initExtended != 0 else { return }
        answer.flags |= initExtended
        answer.flags2 |= allowIDMap | (flags2 & resend)
    }
}
