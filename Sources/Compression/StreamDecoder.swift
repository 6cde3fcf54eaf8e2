/// Turns the bytes of one compressed stream into what they stand for.
protocol StreamDecoder: AnyObject {
    /// Takes bytes off the front of `input` and writes to the front of `output`. Returns how many bytes it wrote; fewer
    /// than `output` holds only when all of the input is used up.
    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError.Reason) -> Int

    /// Says that there is no more input. Throws when the stream is not complete.
    func finish() throws(InflateError.Reason)
}

extension UnsafeRawBufferPointer {
    mutating func dropFirst(byteCount: Int) { self = Self(rebasing: self[byteCount...]) }
}
