import Content
import LayerIndex
import OCI
import Store
import SystemPackage
import Tar

/// The second stage, on a thread of its own: hashes the archive, indexes it and writes it.
struct ArchiveWriter: Sendable {
    let blob: Descriptor
    let diffID: Digest
    let limits: UnpackLimits
    /// Where the archive goes.
    let data: FileDescriptor
    /// Where it is noted how far this is, for an attempt after this one.
    let partial: PartialBlob?
    let start: UnpackStart
    let context: LayerErrorContext

    /// No layer came of it, for a reason that the first stage knows.
    struct Abandoned: Error {}

    /// The files that go with the archive.
    struct Finished: Sendable {
        var index: [UInt8]
        /// nil when there are none.
        var checkpoints: [UInt8]?
    }

    /// Works until everything has come. When it returns, the archive has been verified.
    func run(_ queue: StageQueue) throws -> Finished {
        var archiveHash = SHA256()
        var parser = TarParser(limits: limits.tar)
        var builder = LayerIndexBuilder(limits: limits.index)
        var checkpoints = CheckpointFileBuilder()
        var archiveByteCount: UInt64 = 0
        for point in start.points { checkpoints.add(try UnpackStart.checkpoint(of: point, in: data)) }
        try readArchive(to: start.points.last?.byteOffset ?? 0) { bytes in
            archiveByteCount += UInt64(bytes.count)
            try parser.push(bytes) { (entry) throws(LayerIndexError) in try builder.add(entry) }
            archiveHash.update(bytes)
        }
        while let chunk = queue.next() {
            defer { queue.recycle(chunk) }
            archiveByteCount += UInt64(chunk.byteCount)
            try parser.push(chunk.bytes) { (entry) throws(LayerIndexError) in try builder.add(entry) }
            try write(chunk.bytes)
            archiveHash.update(chunk.bytes)
            for (checkpoint, point) in chunk.checkpoints {
                checkpoints.add(checkpoint)
                // After the write: what is noted is there.
                if let point { try partial?.note(point.encoded) }
            }
        }
        if queue.isAbandoned { throw Abandoned() }
        let archiveDigest = archiveHash.digest
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

    /// What an earlier attempt unpacked.
    private func readArchive(to end: UInt64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard end > 0 else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < end {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(end - offset, UInt64(buffer.count)))])
            let count: Int
            do {
                count = try data.read(fromAbsoluteOffset: Int64(offset), into: room)
            } catch let error as Errno {
                throw context.system("read what was unpacked before", error)
            }
            guard count > 0 else { throw context.error(.io, "what was unpacked before is cut off") }
            try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
            offset += UInt64(count)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try data.writeAll(bytes)
        } catch let error as Errno {
            throw context.system("write the unpacked layer", error)
        }
    }
}
