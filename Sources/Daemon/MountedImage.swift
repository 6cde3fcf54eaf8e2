import Control
import FUSE
import ImageFS
import Logging
import OCI
import Synchronization

/// One chain as a file system in the kernel, shared by all mounts of it.
final class MountedImage: Sendable {
    let chain: Chain
    let fileSystem: ImageFileSystem
    let session: FuseSession
    private let state: Mutex<State>

    struct State {
        /// The first request that led here describes the mount in listings.
        var source: String
        var image: Image
        var targets: [MountTarget] = []
        var mountedAtSeconds: Int64
        var isOpening = false
        var failure: String?
    }

    init(chain: Chain, fileSystem: ImageFileSystem, session: FuseSession, state: State) {
        self.chain = chain
        self.fileSystem = fileSystem
        self.session = session
        self.state = Mutex(state)
    }

    func attached(at target: MountTarget) { state.withLock { $0.targets.append(target) } }

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
            manifestDigest: state.image.manifestDigest, chainID: chain.chainID, state: condition,
            failure: state.failure, targets: state.targets, waitingReaderCount: fileSystem.waitingCount,
            mountedAtSeconds: state.mountedAtSeconds)
    }
}
