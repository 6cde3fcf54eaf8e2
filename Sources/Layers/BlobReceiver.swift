import Compression
import Content
import OCI
import Store

/// The first stage, on the calling thread: takes a blob's bytes, inflates and hashes them, and hands on the archive.
final class BlobReceiver {
    private let blob: Descriptor
    private let queue: StageQueue
    private let partial: PartialBlob?
    private let context: LayerErrorContext
    private let report: (UnpackProgress) -> Void
    private let inflater: Inflater

    /// Compressed bytes so far.
    private(set) var byteCount: Int64
    private var blobHash: SHA256
    /// Of the bytes that come: before them the hash, or the inflater, has them from an earlier attempt.
    private var unhashed: Rest
    private var uninflated: Rest

    /// Compressed bytes that arrived and are taken together: decoding small pieces takes longer.
    private let input: UnsafeMutableRawBufferPointer
    private var inputByteCount = 0
    private let inputMemory: StageBuffers
    /// Being filled.
    private var archiveChunk: StageQueue.Chunk?

    /// The rest of the blob from a place on.
    private struct Rest {
        var skippedByteCount: Int64

        /// The part of `bytes`, which come next, that is behind the place.
        mutating func part(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            let skipped = min(skippedByteCount, Int64(bytes.count))
            skippedByteCount -= skipped
            return UnsafeRawBufferPointer(rebasing: bytes[Int(skipped)...])
        }
    }

    private static let inputCapacity = 256 << 10

    /// - Parameter checkpoint: of the last of the points that it starts with; nil to inflate the blob from its start.
    init(
        _ blob: Descriptor, queue: StageQueue, limits: UnpackLimits, partial: PartialBlob?, start: UnpackStart,
        checkpoint: Checkpoint?, context: LayerErrorContext, report: @escaping (UnpackProgress) -> Void
    ) throws {
        guard let memory = StageBuffers(count: 1, byteCount: Self.inputCapacity) else { throw context.noMemory }
        self.blob = blob
        self.queue = queue
        self.partial = partial
        self.context = context
        self.report = report
        inputMemory = memory
        input = memory.all[0]
        let span = limits.checkpointSpanByteCount
        if let point = start.points.last, let checkpoint {
            byteCount = Int64(point.blobByteOffset)
            blobHash = SHA256(resuming: point.blobHash)
            unhashed = Rest(skippedByteCount: Int64(point.blobHash.byteCount) - byteCount)
            uninflated = Rest(skippedByteCount: Int64(checkpoint.compressedByteOffset) - byteCount)
            inflater = try Inflater(resumingAt: checkpoint, limits: limits.inflate, checkpointSpanByteCount: span)
        } else {
            byteCount = 0
            blobHash = SHA256()
            unhashed = Rest(skippedByteCount: 0)
            uninflated = Rest(skippedByteCount: 0)
            inflater = Inflater(limits: limits.inflate, checkpointSpanByteCount: span)
        }
    }

    /// Takes the blob's first bytes, which an earlier attempt kept.
    func takeKept(_ keptByteCount: Int64) throws {
        while let partial, byteCount < keptByteCount {
            let wanted = Int(min(Int64(input.count), keptByteCount - byteCount))
            let room = UnsafeMutableRawBufferPointer(rebasing: input[..<wanted])
            let count = try UnusableRemains.reading { try partial.readKept(into: room, at: byteCount) }
            guard count == wanted else {
                throw UnusableRemains(reason: context.error(.io, "the part that was fetched before is cut off"))
            }
            byteCount += Int64(wanted)
            try take(UnsafeRawBufferPointer(room))
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
            let room = UnsafeMutableRawBufferPointer(rebasing: input[inputByteCount...])
            let count = min(rest.count, room.count)
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            inputByteCount += count
            if count == room.count { try takeArrived() }
        }
    }

    /// Says that the source has given everything. Throws when the stream is not complete or not the blob.
    func finish() throws {
        try takeArrived()
        guard byteCount == blob.size else {
            throw context.error(
                .invalid, "the blob has \(byteCount) bytes, not the \(blob.size) that the manifest says")
        }
        try inflater.finish()
        try sendArchive()
        let digest = blobHash.digest
        guard digest == blob.digest else { throw context.error(.invalid, "the blob has the digest \(digest)") }
        report(progress)
    }

    /// After an error of the source: hands on what has arrived, to be kept.
    func salvage() throws {
        try takeArrived()
        try sendArchive()
    }

    private var progress: UnpackProgress {
        UnpackProgress(fetchedByteCount: byteCount, unpackedByteCount: Int64(inflater.byteCount))
    }

    private func takeArrived() throws {
        let bytes = UnsafeRawBufferPointer(rebasing: input[..<inputByteCount])
        inputByteCount = 0
        try take(bytes)
        if !isResumedFromArchive { try partial?.keep(bytes) }
    }

    /// A gzip blob is resumed from its archive, others only from their own bytes.
    private var isResumedFromArchive: Bool {
        switch inflater.format {
        case .zstd, .some(.none): false
        // Without a format there are but a few bytes, not worth keeping.
        case .gzip, nil: true
        }
    }

    /// Inflates, then hashes: so checkpoints come with a hash that is at the end of an input buffer, between two blocks.
    private func take(_ bytes: UnsafeRawBufferPointer) throws {
        try inflate(uninflated.part(of: bytes))
        blobHash.update(unhashed.part(of: bytes))
        report(progress)
    }

    private func inflate(_ bytes: UnsafeRawBufferPointer) throws {
        var bytes = bytes
        while true {
            var chunk = try archiveChunk ?? queue.freeChunk()
            archiveChunk = nil
            let room = UnsafeMutableRawBufferPointer(rebasing: chunk.buffer[chunk.byteCount...])
            let count = try inflater.inflate(&bytes, into: room)
            chunk.byteCount += count
            for checkpoint in inflater.takeCheckpoints() {
                let point = partial == nil ? nil : blobHash.state.map { ResumePoint(checkpoint, blobHash: $0) }
                chunk.checkpoints.append((checkpoint, point))
            }
            archiveChunk = chunk
            if count < room.count { return }
            try sendArchive()
        }
    }

    private func sendArchive() throws {
        guard let chunk = archiveChunk else { return }
        archiveChunk = nil
        try queue.send(chunk)
    }
}
