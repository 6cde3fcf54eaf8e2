import OCI

/// What goes wrong in the daemon itself; errors of its parts pass through as they are.
struct DaemonError: DescribedError {
    let kind: FailureKind
    let description: String

    init(_ kind: FailureKind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// The kind and text of any error, for replies and the log.
func describe(_ error: any Error) -> (kind: FailureKind, text: String) {
    switch error {
    case let error as any DescribedError: (error.kind, error.advice)
    case is CancellationError: (.cancelled, "cancelled")
    default: (.fault, "\(error)")
    }
}
