import Compression
import OCI
import Store
import SystemPackage

/// The first stage, on the calling thread: takes a blob's bytes, inflates them and hands both on.
///
/// Inflating is most of the work that a layer makes, so this thread does nothing else: hashing and writing, also of the
/// compressed bytes, are the other thread's.
final class BlobReceiver {
    private let queue: StageQueue
    private let inflater: Inflater
    private let blob: Descriptor
    private let context: LayerErrorContext
    private let report: (UnpackProgress) -> Void
    /// Being filled, with this many bytes.
    private var blobBuffer: (buffer: UnsafeMutableRawBufferPointer, byteCount: Int)?
    private var archiveBuffer: (buffer: UnsafeMutableRawBufferPointer, byteCount: Int)?

    /// For the next archive chunk.
    private var checkpoints: [Checkpoint] = []

    /// Compressed bytes so far.
    private(set) var byteCount: Int64 = 0

    init(
        _ blob: Descriptor, queue: StageQueue, limits: UnpackLimits, context: LayerErrorContext,
        report: @escaping (UnpackProgress) -> Void
    ) {
        self.blob = blob
        self.queue = queue
        self.context = context
        self.report = report
        inflater = Inflater(limits: limits.inflate, checkpointSpanByteCount: limits.checkpointSpanByteCount)
    }

    /// Takes what an earlier attempt left, from the blob's start.
    func resume(from partial: PartialBlob) throws {
        while byteCount < partial.byteCount {
            let buffer = try queue.freeBuffer(for: .resumedBlob)
            let wanted = Int(min(Int64(buffer.count), partial.byteCount - byteCount))
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count: Int
            do {
                count = try partial.descriptor.read(fromAbsoluteOffset: byteCount, into: room)
            } catch let error as Errno {
                throw context.system("read the part that was fetched before", error)
            }
            guard count > 0 else { throw context.error(.io, "the part that was fetched before is cut off") }
            byteCount += Int64(count)
            try handOver(StageQueue.Chunk(content: .resumedBlob, buffer: buffer, byteCount: count))
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
            let (buffer, filled) = try blobBuffer ?? (queue.freeBuffer(for: .arrivedBlob), 0)
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

    /// After an error of the source: what has arrived goes on to be kept, and nothing more.
    func salvage() throws(StageQueue.Stopped) {
        guard let (buffer, count) = blobBuffer else { return }
        blobBuffer = nil
        try queue.send(StageQueue.Chunk(content: .arrivedBlob, buffer: buffer, byteCount: count))
    }

    private var progress: UnpackProgress {
        UnpackProgress(fetchedByteCount: byteCount, unpackedByteCount: Int64(inflater.byteCount))
    }

    private func handOverArrived() throws {
        guard let (buffer, count) = blobBuffer else { return }
        blobBuffer = nil
        try handOver(StageQueue.Chunk(content: .arrivedBlob, buffer: buffer, byteCount: count))
    }

    /// Inflates the chunk and then sends it, in this order: the other thread recycles it.
    private func handOver(_ chunk: StageQueue.Chunk) throws {
        try inflate(chunk.bytes)
        try queue.send(chunk)
        report(progress)
    }

    private func inflate(_ bytes: UnsafeRawBufferPointer) throws {
        var input = bytes
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
