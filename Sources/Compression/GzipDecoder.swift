/// RFC 1952: members one after the other, and zeros after the last one.
///
/// The members' frames are read here, so that every deflate decoder accepts and refuses the same streams.
final class GzipDecoder: StreamDecoder {
    private enum Part {
        /// The first byte has to come before anything else.
        case resumption(Checkpoint)
        case header, body, trailer
        /// A member has ended: zeros, another member, or nothing may follow.
        case boundary
        /// Only zeros may follow.
        case padding
    }

    private static let trailerByteCount = 8

    private let deflate: any DeflateDecoder
    private var part = Part.header
    private var header = GzipHeader()
    /// Of the current member's inflated bytes.
    private var checksum: UInt32 = 0
    /// Of the current member, modulo 2^32.
    private var byteCount: UInt32 = 0
    /// The trailer's bytes so far, first one in the low bits.
    private var trailer: UInt64 = 0
    private var trailerCount = 0

    /// False in a member that was not inflated from its start.
    private var hasWholeMember = true
    /// Compressed bytes so far, those before the checkpoint at which it began included.
    private var inputByteCount: UInt64 = 0
    private var recorder: CheckpointRecorder?

    /// - Parameter checkpointSpanByteCount: keep a checkpoint for about each so many inflated bytes; nil for none.
    init(_ deflate: any DeflateDecoder, checkpointSpanByteCount: Int? = nil) {
        self.deflate = deflate
        recorder = checkpointSpanByteCount.map { CheckpointRecorder(spanByteCount: $0) }
    }

    /// Begins at a checkpoint. The input begins with the byte at `checkpoint.compressedByteOffset`.
    init(_ deflate: any DeflateDecoder, resumingAt checkpoint: Checkpoint, checkpointSpanByteCount: Int? = nil) {
        self.deflate = deflate
        part = .resumption(checkpoint)
        hasWholeMember = false
        inputByteCount = checkpoint.compressedByteOffset
        recorder = checkpointSpanByteCount.map { CheckpointRecorder(spanByteCount: $0, resumingAt: checkpoint) }
    }

    func takeCheckpoints() -> [Checkpoint] { recorder?.takeFound() ?? [] }

    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError.Reason) -> Int {
        let available = input.count
        defer { inputByteCount += UInt64(available - input.count) }
        var written = 0
        while true {
            switch part {
            case .resumption(let checkpoint):
                guard try resume(at: checkpoint, &input) else { return written }
                part = .body
            case .header:
                guard try header.parse(&input) else { return written }
                recorder?.beginMember(at: 8 * (inputByteCount + UInt64(available - input.count)))
                part = .body
            case .body:
                var room = UnsafeMutableRawBufferPointer(rebasing: output[written...])
                let untilDue = recorder?.bytesUntilDue
                if let untilDue, untilDue > 0 { room = UnsafeMutableRawBufferPointer(rebasing: room.prefix(untilDue)) }
                let (count, stop) = try deflate.decode(&input, into: room, stopsAfterBlock: untilDue == 0)
                take(UnsafeRawBufferPointer(rebasing: room[..<count]))
                written += count
                switch stop {
                case .buffers:
                    if count < room.count || written == output.count { return written }
                case .block(let unusedBitCount):
                    let bitCount = 8 * (inputByteCount + UInt64(available - input.count))
                    try recordCheckpoint(at: bitCount - UInt64(unusedBitCount))
                case .end:
                    (trailer, trailerCount) = deflate.takeUnused()
                    part = .trailer
                }
            case .trailer:
                guard try readTrailer(&input) else { return written }
                part = .boundary
            case .boundary:
                guard let byte = input.first else { return written }
                if byte == 0 { part = .padding } else { try beginMember(byte) }
            case .padding:
                guard input.allSatisfy({ $0 == 0 }) else { throw .trailingGarbage(.gzip) }
                input.dropFirst(byteCount: input.count)
                return written
            }
        }
    }

    func finish() throws(InflateError.Reason) {
        switch part {
        case .resumption, .header, .body, .trailer: throw .truncated(.gzip)
        case .boundary, .padding: break
        }
    }

    /// Inflated bytes of the current member that came next.
    private func take(_ bytes: UnsafeRawBufferPointer) {
        if hasWholeMember { checksum = deflate.checksum(checksum, bytes) }
        byteCount &+= UInt32(truncatingIfNeeded: bytes.count)
        recorder?.observe(bytes)
    }

    private func recordCheckpoint(at bitOffset: UInt64) throws(InflateError.Reason) {
        recorder?.record(at: bitOffset)
        var failure: InflateError.Reason?
        recorder?.withHistory { history in
            do throws(InflateError.Reason) { try deflate.goOn(with: history) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func resume(
        at checkpoint: Checkpoint, _ input: inout UnsafeRawBufferPointer
    ) throws(InflateError.Reason) -> Bool {
        let usedBitCount = Int(checkpoint.compressedBitOffset % 8)
        var byte: UInt8 = 0
        if usedBitCount > 0 {
            guard let first = input.first else { return false }
            input.dropFirst(byteCount: 1)
            byte = first
        }
        try checkpoint.window.withUnsafeBufferPointer { (window) throws(InflateError.Reason) in
            try deflate.begin(
                bitCount: (8 - usedBitCount) % 8, of: byte, history: UnsafeRawBufferPointer(window))
        }
        return true
    }

    private func beginMember(_ first: UInt8) throws(InflateError.Reason) {
        guard first == 0x1f else { throw .trailingGarbage(.gzip) }
        try deflate.reset()
        header = GzipHeader()
        checksum = 0
        byteCount = 0
        hasWholeMember = true
        part = .header
    }

    /// True when the trailer is complete and right.
    private func readTrailer(_ input: inout UnsafeRawBufferPointer) throws(InflateError.Reason) -> Bool {
        while trailerCount < Self.trailerByteCount {
            guard let byte = input.first else { return false }
            input.dropFirst(byteCount: 1)
            trailer |= UInt64(byte) << UInt64(8 * trailerCount)
            trailerCount += 1
        }
        guard hasWholeMember else { return true }
        guard trailer == UInt64(byteCount) << 32 | UInt64(checksum) else { throw .checksumMismatch(.gzip) }
        return true
    }
}
