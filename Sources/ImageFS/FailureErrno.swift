import Glibc
public import OCI
public import SystemPackage

extension FailureKind {
    /// What a process sees that looked into an image which could not be made ready. docs/cli.md has the table.
    public var readerErrno: Errno {
        switch self {
        case .unreachable: Errno(rawValue: ETIMEDOUT)
        case .denied: Errno(rawValue: EACCES)
        case .storeFull: Errno(rawValue: ENOSPC)
        case .cancelled: Errno(rawValue: EINTR)
        case .notFound, .invalid, .tooLarge, .unsupported, .io, .usage, .fault: Errno(rawValue: EIO)
        }
    }
}
