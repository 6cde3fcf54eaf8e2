import Content
import Control
import Glibc
import OCI
import Synchronization
import SystemPackage

struct TestFailure: DescribedError, Equatable {
    var kind: FailureKind
    var description: String
}

/// A service whose answers say what it was asked; `inspect` waits until the test releases it.
final class TestService: ControlService {
    static let digest = SHA256.digest(of: [])

    struct State {
        var inspecting = 0
        var cancelled = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isReleased = false
        var reports: [MountReport] = []
        var granted: Int32?
    }

    let state = Mutex(State())

    static func summary(_ name: String) -> ImageSummary {
        ImageSummary(
            name: name, platform: "linux/amd64", rootDigest: digest, manifestDigest: digest, configDigest: digest,
            chainID: digest, layers: [])
    }

    func release() {
        let waiters = state.withLock { state in
            state.isReleased = true
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func mount(_ request: MountRequest, from caller: Caller) async throws -> MountGrant {
        if request.image.source == "slow" {
            while !Task.isCancelled { await Task.yield() }
        }
        if request.image.source == "missing" {
            throw TestFailure(kind: .notFound, description: "missing: no such image")
        }
        let descriptor = open("/etc/hostname", O_RDONLY | O_CLOEXEC)
        state.withLock { $0.granted = descriptor }
        return MountGrant(
            descriptor: FileDescriptor(rawValue: descriptor),
            details: MountDetails(
                id: 42, name: request.image.source, platform: "linux/amd64", rootDigest: Self.digest,
                manifestDigest: Self.digest, chainID: Self.digest, layerCount: 3))
    }

    func attached(_ report: MountReport, from caller: Caller) async { state.withLock { $0.reports.append(report) } }

    func pull(
        _ request: PullRequest, from caller: Caller, events: @escaping @Sendable (PullEvent) -> Void
    ) async throws -> ImageSummary {
        let count = Int64(request.image.source) ?? 3
        for number in 0..<count {
            events(
                .layer(
                    LayerProgress(
                        position: 0, digest: Self.digest, state: number + 1 == count ? .done : .fetching,
                        fetchedByteCount: number, byteCount: count, unpackedByteCount: 0)))
        }
        return Self.summary(request.image.source)
    }

    func images() async throws -> [ImageRecord] { [] }
    func mounts() async throws -> [MountRecord] { throw CancellationError() }

    func inspect(_ request: SourceRequest, from caller: Caller) async throws -> ImageInspection {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReleased = state.withLock { state in
                    state.inspecting += 1
                    if !state.isReleased { state.waiters.append(continuation) }
                    return state.isReleased
                }
                if isReleased { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.cancelled += 1 }
        }
        return ImageInspection(
            image: Self.summary("uid \(caller.userID) pid \(caller.processID)"), config: .object([:]))
    }

    func explain(_ request: ExplainRequest) async throws -> Explanation {
        throw TestFailure(kind: .notFound, description: request.path)
    }

    func status() async throws -> DaemonStatus { throw TestFailure(kind: .storeFull, description: "full") }

    func waits() async throws -> [WaitRecord] {
        (0..<5_000).map {
            WaitRecord(rank: "layer", key: "key \($0)", holder: "somebody", heldSeconds: 1.5, waiterCount: 2)
        }
    }

    func remove(_ request: RemoveRequest, from caller: Caller) async throws -> RemoveResult {
        RemoveResult(name: request.source, platforms: [])
    }

    func prune(_ request: PruneRequest, from caller: Caller) async throws -> PruneResult {
        PruneResult(images: [], layers: [], trees: [], freedByteCount: 7)
    }

    func verify(events: @escaping @Sendable (VerifyEvent) -> Void) async throws -> VerifyResult {
        VerifyResult(objectCount: 0, byteCount: 0, problems: [])
    }

    func stop(_ request: StopRequest, from caller: Caller) async throws {}

    func replace(_ request: ReplaceRequest, from caller: Caller) async throws {}
}

/// Polls for at most ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<2_000 {
        if condition() { return true }
        usleep(5_000)
    }
    return condition()
}
