import CZlib

/// Makes gzip members, for the self-test and for tests.
enum GzipWriter {
    /// One member with `content`. `level` is 0 to 9, `strategy` one of zlib's.
    static func gzip(_ content: [UInt8], level: Int32 = 6, strategy: Int32 = Z_DEFAULT_STRATEGY) -> [UInt8] {
        var stream = z_stream()
        return withUnsafeMutablePointer(to: &stream) { stream in
            // 16 more than the window's bits asks for gzip's frame.
            let result = deflateInit2_(
                stream, level, Z_DEFLATED, MAX_WBITS + 16, 8, strategy, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size))
            precondition(result == Z_OK, "zlib has memory for a small stream")
            defer { deflateEnd(stream) }
            let bound = Int(deflateBound(stream, UInt(content.count)))
            return content.withUnsafeBufferPointer { content in
                [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                    stream.pointee.next_in = UnsafeMutablePointer(mutating: content.baseAddress)
                    stream.pointee.avail_in = UInt32(content.count)
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(bound)
                    precondition(deflate(stream, Z_FINISH) == Z_STREAM_END, "deflateBound is enough")
                    count = bound - Int(stream.pointee.avail_out)
                }
            }
        }
    }
}
