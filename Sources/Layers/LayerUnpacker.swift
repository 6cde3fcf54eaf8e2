public import Content
public import OCI
public import Store

/// Turns layers' blobs into layers of the store.
///
/// A blob is inflated, verified, indexed and written while it arrives. Nobody sees anything of a layer before the
/// digests of blob and archive, their sizes and every header of the archive have been found right.
public final class LayerUnpacker: Sendable {
    private let store: Store
    private let limits: UnpackLimits

    public init(store: Store, limits: UnpackLimits = UnpackLimits()) {
        self.store = store
        self.limits = limits
    }

    /// Fetches `blob` and publishes it as the layer `diffID`. Blocks, and uses a second thread.
    ///
    /// The caller sees to it that this happens once: the layer is unpacked even when it is there already.
    ///
    /// - Parameters:
    ///   - source: an error of it is thrown as it is, and what has arrived stays in the store to be resumed.
    ///   - isResumable: whether to keep what arrived when this fails or the process ends, for the next call to go on
    ///     with. A source on this machine has everything anyway.
    ///   - progress: called on the calling thread, about four times for each MiB of the blob.
    ///   - arrived: called on the calling thread with each number of bytes that comes from `source`.
    /// - Throws: `LayerError`, or the source's error. The layer is then not there, and nothing of it but, perhaps, what
    ///   can be resumed.
    public func unpack(
        _ blob: Descriptor, diffID: Digest, from source: any BlobSource, isResumable: Bool = true,
        progress: @escaping @Sendable (UnpackProgress) -> Void = { _ in },
        arrived: @escaping @Sendable (_ byteCount: Int) -> Void = { _ in }
    ) throws {
        let context = LayerErrorContext(digest: blob.digest, source: (source as? any ImageSource)?.name)
        do {
            let partial = isResumable ? try store.partialBlob(blob.digest) : nil
            let unpack = Unpack(
                blob: blob, diffID: diffID, source: source, partial: partial, context: context, arrived: arrived,
                progress: progress)
            do {
                try run(unpack)
            } catch {
                let error = context.naming(error)
                if let partial, !Self.isWorthKeeping(after: error) { Self.remove(partial) }
                throw error
            }
        } catch {
            throw context.naming(error)
        }
    }

    private struct Unpack {
        var blob: Descriptor
        var diffID: Digest
        var source: any BlobSource
        var partial: PartialBlob?
        var context: LayerErrorContext
        var arrived: @Sendable (Int) -> Void
        var progress: @Sendable (UnpackProgress) -> Void
    }

    private func run(_ unpack: Unpack) throws {
        var furthest = UnpackProgress(fetchedByteCount: 0, unpackedByteCount: 0)
        let report = { (progress: UnpackProgress) in
            furthest.fetchedByteCount = max(furthest.fetchedByteCount, progress.fetchedByteCount)
            furthest.unpackedByteCount = max(furthest.unpackedByteCount, progress.unpackedByteCount)
            unpack.progress(furthest)
        }
        guard let partial = unpack.partial else { return try attempt(unpack, from: UnpackStart(), report) }
        do {
            let start = try UnusableRemains.reading { try UnpackStart(partial, of: unpack.blob) }
            do {
                return try attempt(unpack, from: start, report)
            } catch  where start.isResumed && Self.isAboutContent(unpack.context.naming(error)) {
                // What comes from the source may be good.
                throw UnusableRemains(reason: error)
            }
        } catch is UnusableRemains {
            try partial.reset()
            try attempt(unpack, from: UnpackStart(), report)
        }
    }

    private func attempt(
        _ unpack: Unpack, from start: UnpackStart, _ report: @escaping (UnpackProgress) -> Void
    ) throws {
        // Without a partial blob it is discarded when it is let go without having been published.
        let staging =
            try unpack.partial.map { store.stageLayer(unpack.diffID, in: $0) } ?? store.stageLayer(unpack.diffID)
        let writer = ArchiveWriter(
            blob: unpack.blob, diffID: unpack.diffID, limits: limits, data: staging.data, partial: unpack.partial,
            start: start, context: unpack.context)
        let finished = try UnpackAttempt(
            blob: unpack.blob, source: unpack.source, writer: writer, arrived: unpack.arrived, report: report
        ).run()
        try staging.publish(index: finished.index, checkpoints: finished.checkpoints)
    }

    private static func isAboutContent(_ error: any Error) -> Bool {
        switch (error as? any DescribedError)?.kind {
        case .invalid, .tooLarge, .unsupported: true
        default: false
        }
    }

    /// Bad content must not be resumed, and when the store is full the space is needed.
    private static func isWorthKeeping(after error: any Error) -> Bool {
        if isAboutContent(error) { return false }
        return (error as? any DescribedError)?.kind != .storeFull
    }

    private static func remove(_ partial: PartialBlob) {
        do {
            try partial.remove()
        } catch {
            // What made the unpacking fail says more. The bytes do no harm: their digest is checked when all are there,
            // and a resumed blob that does not match is fetched again from its start.
        }
    }
}
