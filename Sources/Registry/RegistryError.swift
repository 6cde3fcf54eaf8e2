public import OCI

/// A request to a registry that failed for good.
public struct RegistryError: DescribedError, Equatable {
    public var kind: FailureKind
    /// The reference, or the repository and the digest, that was asked for.
    public var subject: String
    /// What happened and what to do, without secrets.
    public var problem: String

    public var description: String { "\(subject): \(problem)" }
}

/// An attempt that failed, and whether another one may succeed.
struct AttemptFailure: Error {
    var error: RegistryError
    var advice: RetryAdvice

    init(_ kind: FailureKind, _ subject: String, _ problem: String, _ advice: RetryAdvice = .never) {
        error = RegistryError(kind: kind, subject: subject, problem: problem)
        self.advice = advice
    }
}
