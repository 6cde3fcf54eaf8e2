import Control
import FUSE
import ImageFS
import Logging
import OCI
import Synchronization

/// One chain as a file system in the kernel, shared by all mounts of it.
final class MountedImage: Sendable {
    let chainID: Digest
    let fileSystem: ImageFileSystem
    let session: FuseSession
    private let firstChain: Chain
    private let state: Mutex<State>

    struct State {
        /// The first request that led here describes the mount in listings.
        var source: String
        var image: Image
        var targets: [MountTarget] = []
        var mountedAtSeconds: Int64
        var isOpening = false
        var failure: String?
        /// Of all who mounted it, the newest first: each of them may know a place that works.
        var origins: [LayerOrigin] = []
        /// What they call it.
        var names: Set<String> = []
    }

    init(chain: Chain, fileSystem: ImageFileSystem, session: FuseSession, state: State) {
        chainID = chain.chainID
        firstChain = chain
        self.fileSystem = fileSystem
        self.session = session
        var state = state
        state.origins = chain.origins
        state.names = [state.image.name]
        self.state = Mutex(state)
    }

    /// With the origins of all who mounted it.
    var chain: Chain { firstChain.with(origins: state.withLock { $0.origins }) }

    var names: Set<String> { state.withLock { $0.names } }

    /// One more mount of the same chain, perhaps with other places to fetch it from.
    func mounted(_ image: Image, origins: [LayerOrigin]) {
        state.withLock {
            $0.origins = LayerOrigin.merged(origins, before: $0.origins)
            $0.names.insert(image.name)
        }
    }

    func attached(at target: MountTarget) { state.withLock { Self.add(target, to: &$0.targets) } }

    /// Nobody tells when a mount goes away while others stay. The kernel gives its number to a later mount of the
    /// namespace, which then takes its place; of those that stay in the list the newest count.
    static func add(_ target: MountTarget, to targets: inout [MountTarget]) {
        targets.removeAll { $0.mountID == target.mountID && $0.mountNamespace == target.mountNamespace }
        targets.append(target)
        if targets.count > maximumTargetCount { targets.removeFirst() }
    }

    /// Keeps what `imgfs mounts` gets within a line of the control protocol.
    static let maximumTargetCount = 4096

    func openingStarted() {
        state.withLock {
            $0.isOpening = true
            $0.failure = nil
        }
    }

    func openingEnded(failure: String?) {
        state.withLock {
            $0.isOpening = false
            $0.failure = failure
        }
    }

    var record: MountRecord {
        let state = self.state.withLock { $0 }
        let condition: MountState =
            if fileSystem.isReady { .ready } else if state.isOpening { .unpacking } else if state.failure != nil {
                .failed
            } else { .idle }
        return MountRecord(
            source: state.source, name: state.image.name, platform: "\(state.image.platform)",
            manifestDigest: state.image.manifestDigest, chainID: chainID, state: condition,
            failure: state.failure, targets: state.targets, waitingReaderCount: fileSystem.waitingCount,
            mountedAtSeconds: state.mountedAtSeconds)
    }
}
