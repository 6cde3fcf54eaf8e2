import Control
import OCI
import SystemPackage

/// Exit codes; docs/cli.md has the table. For mounts they are those of mount(8).
enum ExitStatus {
    static let success: Int32 = 0
    /// Wrong arguments, or no permission.
    static let usage: Int32 = 1
    static let system: Int32 = 2
    static let notFound: Int32 = 3
    static let denied: Int32 = 4
    static let unreachable: Int32 = 5
    static let invalid: Int32 = 6
    static let unsupported: Int32 = 7
    static let interrupted: Int32 = 8
    static let storeFull: Int32 = 9
    static let mountFailure: Int32 = 32

    /// For every command but `mount` and `umount`.
    static func code(for kind: FailureKind) -> Int32 {
        switch kind {
        case .usage: usage
        case .io, .fault: system
        case .notFound: notFound
        case .denied: denied
        case .unreachable: unreachable
        case .invalid, .tooLarge: invalid
        case .unsupported: unsupported
        case .cancelled: interrupted
        case .storeFull: storeFull
        }
    }

    /// For a mount that did not come about. What mount(8) has no code for is a mount failure.
    static func mountCode(for kind: FailureKind) -> Int32 {
        switch kind {
        case .usage: usage
        case .cancelled: interrupted
        default: mountFailure
        }
    }
}

/// A command's own failure: what to print and the exit code.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    var status: Int32
    var description: String

    init(_ status: Int32, _ description: String) {
        self.status = status
        self.description = description
    }

    /// What a command other than `mount` makes of an error.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case ControlError.system(_, _, .permissionDenied): self.init(ExitStatus.usage, "\(error)")
        case let error as any DescribedError: self.init(ExitStatus.code(for: error.kind), error.description)
        default: self.init(ExitStatus.system, "\(error)")
        }
    }
}
