/// An error that a person reads: `description` names the object (reference, digest, path, URL without secrets), says
/// what happened and, where there is something, what to do about it.
///
/// Every error that leaves a target of this package conforms; `kind` is all that code outside needs to branch on.
public protocol DescribedError: Error, CustomStringConvertible {
    var kind: FailureKind { get }
}

/// What went wrong, as coarse as an errno or an exit code. docs/cli.md has the table.
public enum FailureKind: String, Sendable, Codable, CaseIterable {
    /// The registry cannot be reached, or stopped answering. ETIMEDOUT.
    case unreachable
    /// The registry, or the system, refuses. EACCES.
    case denied
    /// No such repository, tag, digest, file, platform. ENOENT at the command line, EIO for a reader.
    case notFound
    /// Content that is not what its digest, its size or its format says. EIO.
    case invalid
    /// Content that goes over a limit. EFBIG at the command line, EIO for a reader.
    case tooLarge
    /// Well-formed, but nothing that imgfs handles. EOPNOTSUPP.
    case unsupported
    /// No space, or no quota, in the store. ENOSPC.
    case storeFull
    /// The store or a local source cannot be read or written. EIO.
    case io
    /// Somebody gave up waiting. EINTR.
    case cancelled
    /// A request that makes no sense. EINVAL.
    case usage
    /// A fault of imgfs itself. EIO.
    case fault
}

extension DescribedError {
    /// The description, and for what went over a limit how to raise it.
    public var advice: String {
        kind == .tooLarge ? description + "; 'imgfs daemon --limit NAME=VALUE' raises a limit" : description
    }
}
