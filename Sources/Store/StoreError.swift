import Glibc
public import OCI
import SQLite

/// What the store could not do. See `OCI.DescribedError`.
public struct StoreError: DescribedError, Equatable {
    public var kind: FailureKind
    public var description: String
    /// The process that has the store open, when that is the reason.
    public var ownerProcessID: Int32?

    public init(kind: FailureKind, description: String, ownerProcessID: Int32? = nil) {
        self.kind = kind
        self.description = description
        self.ownerProcessID = ownerProcessID
    }

    /// A system call that failed.
    ///
    /// - Parameters:
    ///   - action: what was being done, as in "cannot \(action)"; names the object.
    ///   - code: the errno.
    static func system(_ action: String, _ code: Int32) -> StoreError {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT: return full("\(action): \(reason)")
        case EACCES, EPERM: return StoreError(kind: .denied, description: "cannot \(action): \(reason)")
        case EMFILE, ENFILE:
            return StoreError(kind: .io, description: "cannot \(action): \(reason); raise the limit of open files")
        default: return StoreError(kind: .io, description: "cannot \(action): \(reason)")
        }
    }

    static func catalogue(_ error: SQLiteError, path: String) -> StoreError {
        error.isFull
            ? full("write catalogue \(path): \(error)")
            : StoreError(kind: .io, description: "cannot use catalogue \(path): \(error)")
    }

    private static func full(_ action: String) -> StoreError {
        StoreError(
            kind: .storeFull,
            description: "the store is full: cannot \(action); 'imgfs prune' frees what nothing needs")
    }
}
