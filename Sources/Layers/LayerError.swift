import Compression
import Glibc
import LayerIndex
public import OCI
import Store
import SystemPackage
import Tar
import Threads

/// Why a layer could not be unpacked.
///
/// Errors of the source (unreachable, denied, …) are not wrapped: they pass through the unpacker as they are.
public struct LayerError: DescribedError, Equatable {
    public var kind: FailureKind
    /// Of the layer's blob.
    public var digest: Digest
    /// Where the blob came from, for people.
    public var source: String?
    public var problem: String

    public init(kind: FailureKind, digest: Digest, source: String?, problem: String) {
        self.kind = kind
        self.digest = digest
        self.source = source
        self.problem = problem
    }

    public var description: String {
        "layer \(digest)\(source.map { " of \($0)" } ?? ""): \(problem)"
    }
}

/// Names the layer in errors that do not know of it.
struct LayerErrorContext: Sendable {
    var digest: Digest
    var source: String?

    func error(_ kind: FailureKind, _ problem: String) -> LayerError {
        LayerError(kind: kind, digest: digest, source: source, problem: problem)
    }

    var noMemory: LayerError { error(.io, "no memory for buffers") }

    /// The error as it leaves the unpacker.
    func naming(_ error: any Error) -> any Error {
        switch error {
        case let error as InflateError: self.error(error.kind, error.description)
        case let error as TarError: self.error(error.reason.kind, error.description)
        case let error as LayerIndexError: self.error(error.kind, error.description)
        case let error as StoreError: self.error(error.kind, error.description)
        case let error as UnusableRemains: naming(error.reason)
        case let error as CheckpointFile.Fault: self.error(.io, "what was unpacked before: \(error.description)")
        case let error as ThreadError: self.error(.io, error.description)
        default: error
        }
    }

    /// A system call on the layer's file that failed.
    func system(_ action: String, _ code: Errno) -> LayerError {
        switch code {
        case .noSpace, .diskQuotaExceeded:
            error(.storeFull, "the store is full: cannot \(action); 'imgfs prune' frees what nothing needs")
        default: error(.io, "cannot \(action): \(code)")
        }
    }
}

extension InflateError {
    fileprivate var kind: FailureKind {
        switch reason {
        case .unsupported: .unsupported
        case .outOfMemory: .io
        default: isLimit ? .tooLarge : .invalid
        }
    }
}

extension TarError.Reason {
    fileprivate var kind: FailureKind {
        switch self {
        case .pathTooLong, .extendedHeaderTooLarge, .tooManySparseExtents, .tooManyEntries, .tooManyExtendedAttributes,
            .extendedAttributeNameTooLong, .extendedAttributeValueTooLong, .extendedAttributesTooLarge:
            .tooLarge
        default: .invalid
        }
    }
}
