/// What a daemon does for the processes that connect to its control socket.
///
/// Every call runs in a task of its own, which is cancelled when the client hangs up. An error that conforms to
/// `OCI.DescribedError` reaches the client with its kind and description; any other is reported as a fault.
public protocol ControlService: Sendable {
    /// Resolves the image and makes a detached mount of it. Fetches no layer.
    func mount(_ request: MountRequest, from caller: Caller) async throws -> MountGrant
    /// The client attached a granted mount.
    func attached(_ report: MountReport, from caller: Caller) async
    /// Fetches and unpacks the image. `events` may be called from any thread, also concurrently.
    func pull(
        _ request: PullRequest, from caller: Caller, events: @escaping @Sendable (PullEvent) -> Void
    ) async throws -> ImageSummary
    /// What is stored, in the order of names.
    func images() async throws -> [ImageRecord]
    /// What is mounted, oldest first.
    func mounts() async throws -> [MountRecord]
    /// Resolves the image and describes it; fetches no layer.
    func inspect(_ request: SourceRequest, from caller: Caller) async throws -> ImageInspection
    /// Says where a path of a mounted image comes from; fetches nothing.
    func explain(_ request: ExplainRequest) async throws -> Explanation
    func status() async throws -> DaemonStatus
    /// Every key that is held, and how many wait for it.
    func waits() async throws -> [WaitRecord]
    /// Forgets a stored image. Its layers stay until `prune`.
    func remove(_ request: RemoveRequest, from caller: Caller) async throws -> RemoveResult
    /// Frees what no image and no mount needs.
    func prune(_ request: PruneRequest, from caller: Caller) async throws -> PruneResult
    /// Hashes everything that is stored again. `events` as for `pull`.
    func verify(events: @escaping @Sendable (VerifyEvent) -> Void) async throws -> VerifyResult
    /// Asks the daemon to end; returns when it is about to. The client waits until the connection closes.
    func stop(_ request: StopRequest, from caller: Caller) async throws
    /// Asks the daemon to leave its mounts to another program, which the keeper starts; like `stop`.
    func replace(_ request: ReplaceRequest, from caller: Caller) async throws
}
