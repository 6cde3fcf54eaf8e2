/// A raw deflate stream, RFC 1951.
protocol DeflateDecoder: AnyObject {
    /// Takes bytes off the front of `input` and writes to the front of `output`. Returns how many bytes it wrote, and why
    /// it stopped.
    ///
    /// - Parameter stopsAfterBlock: return at the end of the next block that can be stopped after, if that comes before
    ///   `output` is full. Once asked for, it stays asked for until it has happened or the stream has ended.
    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, stopsAfterBlock: Bool
    ) throws(InflateError.Reason) -> (written: Int, stop: DeflateStop)

    /// Goes on after `DeflateStop.block`. `history` is what was inflated last, 32 KiB or all of it.
    func goOn(with history: UnsafeRawBufferPointer) throws(InflateError.Reason)

    /// After the end: bytes that were taken from the input but stand behind the stream, at most 8. The first one is in
    /// the low bits of `bytes`, the bits above the last one are zero.
    func takeUnused() -> (bytes: UInt64, count: Int)

    /// Gets ready for another stream.
    func reset() throws(InflateError.Reason)

    /// For a fresh decoder: begin in the middle of a stream, with the upper `bitCount` bits (0 to 7) of `byte`.
    func begin(bitCount: Int, of byte: UInt8, history: UnsafeRawBufferPointer) throws(InflateError.Reason)

    /// Carries the CRC-32 of what came before `bytes` on over them. 0 is that of nothing.
    func checksum(_ checksum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32
}

/// Why a deflate decoder has returned.
enum DeflateStop: Equatable {
    /// The output is full, or else the input is used up.
    case buffers
    /// A block has ended that is not the last one. So many of the bits that were taken from the input belong to what
    /// follows.
    case block(unusedBitCount: Int)
    /// The stream has ended.
    case end
}
