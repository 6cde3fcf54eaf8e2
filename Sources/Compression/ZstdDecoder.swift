import CZstd

/// RFC 8878: frames and skippable frames, one after the other.
final class ZstdDecoder: StreamDecoder {
    private let context: OpaquePointer
    private let maximumWindowByteCount: UInt64
    /// What the library said last: 0 between two frames.
    private var bytesWanted = 0

    init(maximumWindowByteCount: UInt64) throws(InflateError.Reason) {
        guard let context = ZSTD_createDCtx() else { throw .outOfMemory }
        self.context = context
        self.maximumWindowByteCount = maximumWindowByteCount
        let windowLog = UInt64.bitWidth - 1 - max(maximumWindowByteCount, 1).leadingZeroBitCount
        let result = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(windowLog))
        precondition(ZSTD_isError(result) == 0, "a zstd window limit is 1 KiB to 2 GiB")
    }

    deinit { ZSTD_freeDCtx(context) }

    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError.Reason) -> Int {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        defer { input.dropFirst(byteCount: source.pos) }
        // Without input, and with all that was held back put out, another call would begin the next frame.
        while target.pos < target.size, source.pos < source.size || bytesWanted != 0 {
            let (sourceBefore, targetBefore) = (source.pos, target.pos)
            let result = ZSTD_decompressStream(context, &target, &source)
            guard ZSTD_isError(result) == 0 else { throw reason(of: result) }
            bytesWanted = result
            if source.pos == sourceBefore, target.pos == targetBefore { break }
        }
        return target.pos
    }

    func finish() throws(InflateError.Reason) {
        if bytesWanted != 0 { throw .truncated(.zstd) }
    }

    private func reason(of result: Int) -> InflateError.Reason {
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_frameParameter_windowTooLarge: .windowTooLarge(limit: maximumWindowByteCount)
        case ZSTD_error_memory_allocation: .outOfMemory
        case ZSTD_error_checksum_wrong: .checksumMismatch(.zstd)
        default: .corrupt(.zstd, detail: String(cString: ZSTD_getErrorName(result)))
        }
    }
}
