public import FUSE
import Glibc
public import Logging
public import OCI
public import Snapshot
import Synchronization
public import SystemPackage

/// The file system of one chain of layers.
///
/// It starts cold: its root can be looked at, and nothing else. The first request that looks inside calls `open`, once;
/// that one and all that follow are parked until `publish` or `fail`. When it is ready, every request is answered on
/// the spot from an immutable tree, without a lock.
public final class ImageFileSystem: FileSystem {
    public let chainID: Digest
    private let logger: Logger
    private let open: @Sendable () -> Void
    /// Set once, by `publish`, with a reference that `deinit` gives back. Invariant: before the lot is drained.
    let ready = Atomic<Unmanaged<ReadyTree>?>(nil)
    private let lot = ParkingLot()
    /// The kernel knows the image already, from a process before this one: nothing is made up about the root.
    let wasReady: Bool

    /// - Parameter open: has the image made ready and then calls `publish` or `fail`. Called on a thread that serves
    ///   requests, so it must not block. Called again when somebody looks inside after a failure.
    /// - Parameter wasReady: a predecessor of this process has shown the image to the kernel.
    public init(chainID: Digest, logger: Logger, wasReady: Bool = false, open: @escaping @Sendable () -> Void) {
        self.wasReady = wasReady
        self.chainID = chainID
        self.logger = logger
        self.open = open
    }

    deinit { ready.load(ordering: .acquiring)?.release() }

    /// Makes the image visible and answers all who wait. The second time does nothing.
    public func publish(tree: Tree, layers: [LayerContent]) {
        let new = Unmanaged.passRetained(ReadyTree(tree, layers: layers, logger: logger))
        guard ready.compareExchange(expected: nil, desired: new, ordering: .acquiringAndReleasing).exchanged else {
            return new.release()
        }
        for parked in lot.drain() { replay(parked) }
    }

    /// Answers all who wait with an errno; the next who looks inside has the image opened again.
    public func fail(_ errno: Errno) {
        for parked in lot.drain() { parked.reply.take()?.error(errno.rawValue) }
    }

    /// Whether the image is there.
    public var isReady: Bool { ready.load(ordering: .acquiring) != nil }

    /// The image's names and inodes, once it is there.
    public var tree: Tree? {
        ready.load(ordering: .acquiring)?.takeUnretainedValue().tree
    }

    /// Requests that wait for the image.
    public var waitingCount: Int { lot.waitingCount }

    public func sessionEnded() {
        for parked in lot.close() { parked.reply.take()?.error(ENODEV) }
    }
}

extension ImageFileSystem {
    func park(_ request: ParkedRequest, _ reply: consuming Reply) {
        let parked = ParkingLot.Parked(request: request, reply: DeferredReply(reply))
        switch lot.park(parked, unless: { isReady }) {
        case .waits: return
        case .waitsAsFirst: open()
        case .ready: replay(parked)
        case .ended: parked.reply.take()?.error(ENODEV)
        }
    }

    /// Answers a request that was parked, now that the tree is there. Does nothing when its caller gave up.
    private func replay(_ parked: ParkingLot.Parked) { parked.reply.work { answer(parked) } }

    private func answer(_ parked: ParkingLot.Parked) {
        parked.request.name.withUnsafeBytes { name in
            guard let reply = parked.reply.take() else { return }
            let isAdmitted = ready.load(ordering: .acquiring)?._withUnsafeGuaranteedRef {
                $0.admits(parked.request) { reply.caller }
            }
            guard wasReady || isAdmitted == true else { return reply.error(ESTALE) }
            switch parked.request {
            case .lookup(_, let directory): lookup(name, in: directory, reply: reply)
            case .getattr(let node): getattr(node, reply: reply)
            case .readlink(let node): readlink(node, reply: reply)
            case .read(let node, let offset, let length): read(node, offset: offset, length: length, reply: reply)
            case .readdir(let node, let offset, let length, let withAttributes):
                readdir(node, offset: offset, length: length, withAttributes: withAttributes, reply: reply)
            case .getxattr(let node, _, let capacity): getxattr(node, name: name, capacity: capacity, reply: reply)
            case .listxattr(let node, let capacity): listxattr(node, capacity: capacity, reply: reply)
            case .statfs(let node): statfs(node, reply: reply)
            case .seek(let node, let target, let offset): seek(node, toNext: target, from: offset, reply: reply)
            }
        }
    }
}
