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
        var contents = Contents(limits)
        var checkpoints = CheckpointFileBuilder()
        for point in start.points { checkpoints.add(try UnpackStart.checkpoint(of: point, in: data)) }
        let hasAll = try readArchive(
            to: start.points.last?.byteOffset ?? 0, unless: { queue.isAbandoned }, { try contents.add($0) })
        while let chunk = queue.next() {
            defer { queue.recycle(chunk) }
            if hasAll { try contents.add(chunk.bytes) }
            try write(chunk.bytes)
            for (checkpoint, point) in chunk.checkpoints {
                checkpoints.add(checkpoint)
                // After the write: what is noted is there.
                if let point { try partial?.note(point.encoded) }
            }
        }
        if queue.isAbandoned { throw Abandoned() }
        let digest = contents.hash.digest
        guard digest == diffID else {
            throw context.error(.invalid, "it unpacks to \(digest), but the image's config says diffID \(diffID)")
        }
        let byteCount = contents.byteCount
        return Finished(
            index: try contents.finish(diffID),
            checkpoints: checkpoints.isEmpty
                ? nil : checkpoints.finish(diffID: diffID, archiveByteCount: byteCount, blob: blob))
    }

    /// What is learnt from the archive's bytes, which come in order.
    private struct Contents: ~Copyable {
        var byteCount: UInt64 = 0
        var hash = SHA256()
        private var parser: TarParser
        private var builder: LayerIndexBuilder

        init(_ limits: UnpackLimits) {
            parser = TarParser(limits: limits.tar)
            builder = LayerIndexBuilder(limits: limits.index)
        }

        mutating func add(_ bytes: UnsafeRawBufferPointer) throws {
            byteCount += UInt64(bytes.count)
            try parser.push(bytes) { (entry) throws(LayerIndexError) in try builder.add(entry) }
            hash.update(bytes)
        }

        /// The layer's index. Throws when the archive is not complete.
        consuming func finish(_ diffID: Digest) throws -> [UInt8] {
            try parser.finish()
            return builder.finish(diffID: diffID, byteCount: byteCount)
        }
    }

    /// Reads what an earlier attempt unpacked. False when that was broken off, since no layer will come of it: a source that
    /// is away is then not told of late.
    private func readArchive(
        to end: UInt64, unless isCancelled: () -> Bool, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        guard end > 0 else { return true }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < end {
            if isCancelled() { return false }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(end - offset, UInt64(buffer.count)))])
            let count = try UnusableRemains.reading {
                do {
                    return try data.read(fromAbsoluteOffset: Int64(offset), into: room)
                } catch let error as Errno {
                    throw context.system("read what was unpacked before", error)
                }
            }
            guard count > 0 else {
                throw UnusableRemains(reason: context.error(.io, "what was unpacked before is cut off"))
            }
            try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
            offset += UInt64(count)
        }
        return true
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        do {
            try data.writeAll(bytes)
        } catch let error as Errno {
            throw context.system("write the unpacked layer", error)
        }
    }
}
