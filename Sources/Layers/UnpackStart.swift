import Compression
import OCI
import Store
import SystemPackage

/// What an earlier attempt left cannot be used, whatever the reason: the layer is to be fetched from its start.
struct UnusableRemains: Error {
    var reason: any Error

    /// What `body` returns. Its error is about what was left.
    static func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw UnusableRemains(reason: error) }
    }
}

/// What an attempt at a layer begins with.
struct UnpackStart: Sendable {
    /// Of an earlier attempt, in order; the archive is unpacked to the last one. Empty when there are none.
    var points: [ResumePoint] = []
    /// When there are no points: bytes of the blob that an earlier attempt kept.
    var keptByteCount: Int64 = 0

    var isResumed: Bool { !points.isEmpty || keptByteCount > 0 }

    /// From nothing.
    init() {}

    /// Brings `partial` to where `blob` can be taken up.
    init(_ partial: PartialBlob, of blob: Descriptor) throws {
        points = ResumePoint.points(
            in: try partial.notes(), archiveByteCount: UInt64(try partial.archive.seek(offset: 0, from: .end)),
            blobByteCount: UInt64(blob.size))
        if points.isEmpty { keptByteCount = try partial.keptByteCount() }
        if keptByteCount > blob.size {
            keptByteCount = 0
            try partial.reset()
        } else {
            try partial.rewind(
                archiveByteCount: Int64(points.last?.byteOffset ?? 0),
                notesByteCount: points.count * ResumePoint.byteCount)
        }
    }

    /// The checkpoint of a point, with its window out of `archive`. Throws `UnusableRemains`.
    static func checkpoint(of point: ResumePoint, in archive: FileDescriptor) throws -> Checkpoint {
        let window = try UnusableRemains.reading {
            try CheckpointFile.bytes(
                of: archive, at: point.byteOffset - UInt64(point.windowByteCount), count: point.windowByteCount)
        }
        return Checkpoint(
            compressedBitOffset: point.compressedBitOffset, byteOffset: point.byteOffset, window: window)
    }
}
