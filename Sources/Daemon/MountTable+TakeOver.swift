import DescriptorStore
import FUSE
import ImageFS
import Logging
import OCI

/// Sessions of the daemon before this one.
extension MountTable {
    /// Takes over a session of a daemon before this one. `resume` has it served.
    func takeOver(_ session: Inheritance.Session, origin: (SessionJournal.Origin) -> LayerOrigin?) throws {
        guard let keeping, let summary = SessionJournal.summary(of: session.record) else {
            throw DaemonError(.invalid, "its record has no first line")
        }
        let image = summary.mounted.image
        let origins = summary.origins.compactMap(origin)
        let chain = Chain(
            chainID: summary.mounted.chainID, diffIDs: image.layers.map(\.diffID),
            origins: LayerOrigin.merged(origins, before: []), name: image.name)
        var state = MountedImage.State(
            source: summary.mounted.source, image: image, mountedAtSeconds: summary.mounted.mountedAtSeconds)
        state.targets = Array(summary.targets.suffix(MountedImage.maximumTargetCount))
        state.treeChecksum = summary.treeChecksum
        state.device = summary.device
        let isIsolated = session.record.isIsolated
        if isIsolated { state.isolationReason = summary.isolationReason ?? "isolated" }
        session.record.isOpening = false
        let mounted = try link(
            chain, state, session.record, wasReady: summary.treeChecksum != nil, wasTakenOver: true
        ) { (fileSystem, onEnd) throws(FuseError) in
            try FuseSession(
                takingOver: session.device, fileSystem: isIsolated ? IsolatedFileSystem() : fileSystem, pool: workers,
                logger: logger, keeping: keeping.keeping(session.record), onEnd: onEnd)
        }
        for origin in origins { mounted.knows(origin.image.name) }
        chains.retainedChains.retain(chain)
        add(mounted)
    }

    /// Begins to serve what was taken over.
    func resume() {
        var isResent = true
        for mounted in all where mounted.wasTakenOver {
            do throws(FuseError) {
                if try !mounted.session.resume() { isResent = false }
            } catch {
                logger.error(
                    "a mount cannot be served", metadata: ["image": "\(mounted.chain.name)", "cause": "\(error)"])
            }
        }
        if !isResent {
            logger.error(
                "the kernel cannot send requests again (Linux 6.9 and newer can): those that the daemon before this one had read and not answered wait until their file system is unmounted"
            )
        }
    }

    /// A fresh start on purpose: what was isolated is tried again by the next daemon.
    func liftIsolation() {
        for mounted in all { mounted.keptRecord?.isIsolated = false }
    }
}
