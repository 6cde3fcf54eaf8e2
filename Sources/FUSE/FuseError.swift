import Glibc
public import SystemPackage

/// What can go wrong in making and mounting a session.
public enum FuseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// /dev/fuse cannot be opened.
    case noDevice(Errno)
    /// libfuse made no session.
    case noSession
    /// As many sessions as one process can have are there.
    case tooManySessions(limit: Int)
    /// The kernel refused one step of the mount; `detail` is what it wrote about it, often nothing.
    case mount(step: String, Errno, detail: String)
    /// The last mount of the session went away in the meantime: a new session is needed.
    case sessionEnded
    /// epoll, eventfd or a thread could not be made.
    case workers(Errno)

    public var description: String {
        switch self {
        case .noDevice(let errno) where [ENOENT, ENODEV, ENXIO].contains(errno.rawValue):
            "there is no /dev/fuse; load the kernel's fuse module (modprobe fuse), or give the container the device"
        case .noDevice(.permissionDenied), .noDevice(.notPermitted):
            "/dev/fuse cannot be opened: permission denied; imgfs mounts as root"
        case .noDevice(let errno): "/dev/fuse cannot be opened: \(errno)"
        case .noSession: "libfuse could not make a session"
        case .tooManySessions(let limit):
            "\(limit) different images are mounted already, which is as many as one daemon serves; unmount some"
        case .mount(_, .notPermitted, _):
            "mounting is not permitted; imgfs needs CAP_SYS_ADMIN (root) to mount"
        case .mount(let step, let errno, let detail):
            "the kernel refused to mount (\(step)): \(errno)" + (detail.isEmpty ? "" : ": \(detail)")
        case .sessionEnded: "the last mount of this image went away at this moment; mount it again"
        case .workers(let errno): "threads that serve mounts cannot be started: \(errno)"
        }
    }
}
