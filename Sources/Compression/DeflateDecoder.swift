/// A raw deflate stream, RFC 1951.
protocol DeflateDecoder: AnyObject {
    /// Takes bytes off the front of `input` and writes to the front of `output`.
    ///
    /// Returns how many bytes it wrote, and whether the stream has ended. Before the end, fewer bytes than `output`
    /// holds are written only when all of the input is used up.
    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError.Reason) -> (written: Int, isAtEnd: Bool)

    /// After the end: bytes that were taken from the input but stand behind the stream, at most 8. The first one is in
    /// the low bits of `bytes`, the bits above the last one are zero.
    func takeUnused() -> (bytes: UInt64, count: Int)

    /// Gets ready for another stream.
    func reset() throws(InflateError.Reason)

    /// Carries the CRC-32 of what came before `bytes` on over them. 0 is that of nothing.
    func checksum(_ checksum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32
}
