/// RFC 1952: members one after the other, and zeros after the last one.
///
/// The members' frames are read here, so that every deflate decoder accepts and refuses the same streams.
final class GzipDecoder: StreamDecoder {
    private enum Part {
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

    init(_ deflate: any DeflateDecoder) { self.deflate = deflate }

    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError.Reason) -> Int {
        var written = 0
        while true {
            switch part {
            case .header:
                guard try header.parse(&input) else { return written }
                part = .body
            case .body:
                let room = UnsafeMutableRawBufferPointer(rebasing: output[written...])
                let (count, isAtEnd) = try deflate.decode(&input, into: room)
                checksum = deflate.checksum(checksum, UnsafeRawBufferPointer(rebasing: room[..<count]))
                byteCount &+= UInt32(truncatingIfNeeded: count)
                written += count
                guard isAtEnd else { return written }
                (trailer, trailerCount) = deflate.takeUnused()
                part = .trailer
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
        case .header, .body, .trailer: throw .truncated(.gzip)
        case .boundary, .padding: break
        }
    }

    private func beginMember(_ first: UInt8) throws(InflateError.Reason) {
        guard first == 0x1f else { throw .trailingGarbage(.gzip) }
        try deflate.reset()
        header = GzipHeader()
        checksum = 0
        byteCount = 0
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
        guard trailer == UInt64(byteCount) << 32 | UInt64(checksum) else { throw .checksumMismatch(.gzip) }
        return true
    }
}
