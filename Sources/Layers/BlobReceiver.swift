import Compression
import OCI
import Store

/// The first stage, on the calling thread: takes a blob's bytes, inflates them and hands both on.
///
/// Inflating is most of the work that a layer makes, so this thread does nothing else: hashing and writing, also of the
/// compressed bytes, are the other thread's.
final class BlobReceiver {
    private let queue: StageQueue
    private let inflater: Inflater
    private let keepsCheckpoints: Bool
    /// Compressed bytes before the next one that is to be inflated, unless inflating begins after it.
    private var inflatedByteCount: Int64
    /// Where in the blob inflating begins.
    private let inflatedFrom: Int64
    private let blob: Descriptor
    private let context: LayerErrorContext
    private let report: (UnpackProgress) -> Void
    /// Being filled, with this many bytes.
    private var blobBuffer: (buffer: UnsafeMutableRawBufferPointer, byteCount: Int)?
    private var archiveBuffer: (buffer: UnsafeMutableRawBufferPointer, byteCount: Int)?

    /// For the next archive chunk.
    private var checkpoints: [Checkpoint] = []

    /// Compressed bytes so far.
    private(set) var byteCount: Int64

    /// - Parameter checkpoint: of the last of the points that it starts with; nil to inflate the blob from its start.
    init(
        _ blob: Descriptor, queue: StageQueue, limits: UnpackLimits, context: LayerErrorContext, start: UnpackStart,
        checkpoint: Checkpoint?, report: @escaping (UnpackProgress) -> Void
    ) throws {
        self.blob = blob
        self.queue = queue
        self.context = context
        self.report = report
        let span = limits.checkpointSpanByteCount
        keepsCheckpoints = span != nil
        if let checkpoint {
            byteCount = start.blobByteOffset
            inflatedFrom = Int64(checkpoint.compressedByteOffset)
            inflater = try Inflater(resumingAt: checkpoint, limits: limits.inflate, checkpointSpanByteCount: span)
        } else {
            byteCount = 0
            inflatedFrom = 0
            inflater = Inflater(limits: limits.inflate, checkpointSpanByteCount: span)
        }
        inflatedByteCount = byteCount
    }

    /// Takes the blob's first bytes, which an earlier attempt kept.
    func takeKept(_ keptByteCount: Int64, of partial: PartialBlob) throws {
        while byteCount < keptByteCount {
            let buffer = try queue.freeBuffer(for: .blob)
            let wanted = Int(min(Int64(buffer.count), keptByteCount - byteCount))
            let count = try partial.readKept(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: byteCount)
            guard count == wanted else { throw context.error(.io, "the part that was fetched before is cut off") }
            byteCount += Int64(count)
            try inflate(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            try queue.send(StageQueue.Chunk(content: .blob, buffer: buffer, byteCount: count))
            report(progress)
        }
    }

    /// Takes the next bytes of the blob from its source.
    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        guard Int64(bytes.count) <= blob.size - byteCount else {
            throw context.error(.invalid, "the blob has more than the \(blob.size) bytes that the manifest says")
        }
        byteCount += Int64(bytes.count)
        var rest = bytes
        while !rest.isEmpty {
            let (buffer, filled) = try blobBuffer ?? (queue.freeBuffer(for: .blob), 0)
            let count = min(rest.count, buffer.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            blobBuffer = (buffer, filled + count)
            if filled + count == buffer.count { try handOverArrived() }
        }
    }

    /// Says that the source has given everything. Throws when the stream is not complete.
    func finish() throws {
        try handOverArrived()
        guard byteCount == blob.size else {
            throw context.error(
                .invalid, "the blob has \(byteCount) bytes, not the \(blob.size) that the manifest says")
        }
        try inflater.finish()
        if let (buffer, count) = archiveBuffer { try sendArchive(buffer, count) }
        report(progress)
    }

    /// After an error of the source: hands on what has arrived, to be kept.
    func salvage() throws {
        let left = blobBuffer
        blobBuffer = nil
        if let left { try inflate(UnsafeRawBufferPointer(rebasing: left.buffer[..<left.byteCount])) }
        // Before the blob's bytes: after them, the hash is in the middle of a block, where there can be no resume point.
        if let (buffer, count) = archiveBuffer { try sendArchive(buffer, count) }
        if let left {
            try queue.send(StageQueue.Chunk(content: blobContent, buffer: left.buffer, byteCount: left.byteCount))
        }
    }

    private var progress: UnpackProgress {
        UnpackProgress(fetchedByteCount: byteCount, unpackedByteCount: Int64(inflater.byteCount))
    }

    /// Inflates what has arrived and then sends it, in this order: the other thread recycles it.
    private func handOverArrived() throws {
        guard let (buffer, count) = blobBuffer else { return }
        blobBuffer = nil
        try inflate(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        try queue.send(StageQueue.Chunk(content: blobContent, buffer: buffer, byteCount: count))
        report(progress)
    }

    /// A gzip blob can be taken up from its archive, others only from their own bytes.
    private var blobContent: StageQueue.Content {
        switch inflater.format {
        case .zstd, .some(.none): .blobToKeep
        case .gzip: keepsCheckpoints ? .blob : .blobToKeep
        case nil: .blob
        }
    }

    private func inflate(_ bytes: UnsafeRawBufferPointer) throws {
        let skipped = Int(min(max(inflatedFrom - inflatedByteCount, 0), Int64(bytes.count)))
        inflatedByteCount += Int64(bytes.count)
        var input = UnsafeRawBufferPointer(rebasing: bytes[skipped...])
        while true {
            let (buffer, filled) = try archiveBuffer ?? (queue.freeBuffer(for: .archive), 0)
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            archiveBuffer = (buffer, filled)
            let count = try inflater.inflate(&input, into: room)
            checkpoints += inflater.takeCheckpoints()
            guard count == room.count else {
                archiveBuffer = (buffer, filled + count)
                return
            }
            try sendArchive(buffer, buffer.count)
        }
    }

    private func sendArchive(_ buffer: UnsafeMutableRawBufferPointer, _ byteCount: Int) throws {
        archiveBuffer = nil
        try queue.send(
            StageQueue.Chunk(content: .archive, buffer: buffer, byteCount: byteCount, checkpoints: checkpoints))
        checkpoints.removeAll(keepingCapacity: true)
    }
}
