import CFuse
import Glibc
public import SystemPackage

/// Serving what a predecessor mounted.
extension FuseSession {
    /// FUSE_NOTIFY_RESEND, which headers older than Linux 6.9 do not have.
    private static let resendNotification: Int32 = 7

    /// Whether anything is still mounted with this descriptor.
    public static func isMounted(_ descriptor: FileDescriptor) -> Bool {
        var state = pollfd(fd: descriptor.rawValue, events: 0, revents: 0)
        return poll(&state, 1, 0) == 0
    }

    /// Begins to serve a session that was taken over, with the requests that the predecessor had read and not answered.
    ///
    /// Returns false when the kernel cannot send those again (before Linux 6.9): whoever waits for them waits until the
    /// file system is unmounted.
    public func resume() throws(FuseError) -> Bool {
        var notification = fuse_out_header()
        notification.len = UInt32(MemoryLayout<fuse_out_header>.size)
        notification.error = Self.resendNotification
        let isResent = write(descriptor.rawValue, &notification, MemoryLayout<fuse_out_header>.size) >= 0
        try pool.add(self)
        return isResent
    }

    /// Leaves the session to a successor: nothing that is sent from here on reaches the kernel.
    func leave() { negotiation.leave() }
}
