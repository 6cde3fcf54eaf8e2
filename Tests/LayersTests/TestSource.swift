import Content
import OCI
import Synchronization

/// A blob in memory that can be had with faults.
final class TestSource: BlobSource {
    struct Lost: DescribedError, Equatable {
        var kind: FailureKind { .unreachable }
        var description: String { "connection lost" }
    }

    private let bytes: [UInt8]
    private let pieceByteCount: Int
    /// `Lost` is thrown when these many bytes of the blob have been given, whatever the offset was.
    private let lostAfter: Int?
    /// Called with the position in the blob after each piece.
    private let delivered: @Sendable (Int) throws -> Void
    private let state = Mutex<(offsets: [Int64], deliveredByteCount: Int)>(([], 0))

    init(
        _ bytes: [UInt8], pieceByteCount: Int = 50_000, lostAfter: Int? = nil,
        delivered: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) {
        self.delivered = delivered
        self.bytes = bytes
        self.pieceByteCount = pieceByteCount
        self.lostAfter = lostAfter
    }

    /// From where it has been asked.
    var offsets: [Int64] { state.withLock { $0.offsets } }
    var deliveredByteCount: Int { state.withLock { $0.deliveredByteCount } }

    func stream(_ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        state.withLock { $0.offsets.append(offset) }
        let end = min(lostAfter ?? bytes.count, bytes.count)
        var position = Int(offset)
        try sink(UnsafeRawBufferPointer(start: nil, count: 0))
        while position < end {
            let next = min(position + pieceByteCount, end)
            try bytes[position..<next].withUnsafeBytes { try sink($0) }
            state.withLock { $0.deliveredByteCount += next - position }
            position = next
            try delivered(position)
        }
        if lostAfter != nil { throw Lost() }
    }
}
