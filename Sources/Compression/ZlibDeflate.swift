import CZlib

/// Deflate by zlib, which is everywhere.
final class ZlibDeflate: DeflateDecoder {
    /// zlib keeps a pointer back to it: it must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(InflateError.Reason) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // A negative window size means a raw stream; 15 bits are 32 KiB.
        let result = inflateInit2_(stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            stream.deallocate()
            throw .outOfMemory
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, stopsAfterBlock: Bool
    ) throws(InflateError.Reason) -> (written: Int, stop: DeflateStop) {
        var written = 0
        while written < output.count {
            let inputCount = UInt32(clamping: input.count)
            let outputCount = UInt32(clamping: output.count - written)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = inputCount
            stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress?.advanced(by: written)
            stream.pointee.avail_out = outputCount
            let result = inflate(stream, stopsAfterBlock ? Z_BLOCK : Z_NO_FLUSH)
            let count = Int(outputCount - stream.pointee.avail_out)
            let taken = Int(inputCount - stream.pointee.avail_in)
            input.dropFirst(byteCount: taken)
            written += count
            switch result {
            case Z_STREAM_END: return (written, .end)
            // Z_BUF_ERROR: nothing to do with what was given.
            case Z_OK, Z_BUF_ERROR:
                if stopsAfterBlock, taken > 0 || count > 0, let unusedBitCount = unusedBitCountAfterBlock {
                    return (written, .block(unusedBitCount: unusedBitCount))
                }
                if input.isEmpty || taken == 0 && count == 0 { return (written, .buffers) }
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt(.gzip, detail: "invalid deflate block")
            }
        }
        return (written, .buffers)
    }

    /// nil inside of a block and after the last one. `z_stream.data_type` in zlib.h.
    private var unusedBitCountAfterBlock: Int? {
        let state = Int(stream.pointee.data_type)
        return state & 128 != 0 && state & 64 == 0 ? state & 7 : nil
    }

    func goOn(with history: UnsafeRawBufferPointer) {}

    func takeUnused() -> (bytes: UInt64, count: Int) { (0, 0) }

    func reset() throws(InflateError.Reason) {
        guard inflateReset(stream) == Z_OK else { throw .outOfMemory }
    }

    func begin(bitCount: Int, of byte: UInt8, history: UnsafeRawBufferPointer) throws(InflateError.Reason) {
        let isPrimed = inflatePrime(stream, Int32(bitCount), Int32(byte) >> Int32(8 - bitCount)) == Z_OK
        let start = history.bindMemory(to: UInt8.self).baseAddress
        guard isPrimed, inflateSetDictionary(stream, start, UInt32(history.count)) == Z_OK else {
            throw .corrupt(.gzip, detail: "unusable checkpoint")
        }
    }

    func checksum(_ checksum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return checksum }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), start, bytes.count))
    }
}
