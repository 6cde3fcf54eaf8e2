import Content
import LayerIndex
import OCI
import Store
import SystemPackage
import Tar

/// The second stage, on a thread of its own: hashes the blob and the archive, indexes the archive and writes it.
struct ArchiveWriter: Sendable {
    let blob: Descriptor
    let diffID: Digest
    let limits: UnpackLimits
    /// Where the archive goes.
    let data: FileDescriptor
    /// Where the blob's bytes are kept, for an attempt after this one.
    let partial: PartialBlob?
    let context: LayerErrorContext

    /// No layer came of it, for a reason that the first stage knows.
    struct Abandoned: Error {}

    /// The files that go with the archive.
    struct Finished: Sendable {
        var index: [UInt8]
        /// nil when there are none.
        var checkpoints: [UInt8]?
    }

    /// Works until everything has come. When it returns, blob and archive have been verified.
    func run(_ queue: StageQueue) throws -> Finished {
        var blobHash = SHA256()
        var archiveHash = SHA256()
        var parser = TarParser(limits: limits.tar)
        var builder = LayerIndexBuilder(limits: limits.index)
        var checkpoints = CheckpointFileBuilder()
        var archiveByteCount: UInt64 = 0
        while let chunk = queue.next() {
            defer { queue.recycle(chunk) }
            switch chunk.content {
            case .arrivedBlob:
                try partial?.append(chunk.bytes)
                blobHash.update(chunk.bytes)
            case .resumedBlob:
                blobHash.update(chunk.bytes)
            case .archive:
                archiveByteCount += UInt64(chunk.byteCount)
                try parser.push(chunk.bytes) { (entry) throws(LayerIndexError) in try builder.add(entry) }
                try write(chunk.bytes)
                archiveHash.update(chunk.bytes)
                for checkpoint in chunk.checkpoints { checkpoints.add(checkpoint) }
            }
        }
        if queue.isAbandoned { throw Abandoned() }
        let blobDigest = blobHash.finish()
        guard blobDigest == blob.digest else { throw context.error(.invalid, "the blob has the digest \(blobDigest)") }
        let archiveDigest = archiveHash.finish()
        guard archiveDigest == diffID else {
            throw context.error(
                .invalid, "it unpacks to \(archiveDigest), but the image's config says diffID \(diffID)")
        }
        try parser.finish()
        return Finished(
            index: builder.finish(diffID: diffID, byteCount: archiveByteCount),
            checkpoints: checkpoints.isEmpty
                ? nil : checkpoints.finish(diffID: diffID, archiveByteCount: archiveByteCount, blob: blob))
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try data.writeAll(bytes)
        } catch let error as Errno {
            throw context.system("write the unpacked layer", error)
        }
    }
}
