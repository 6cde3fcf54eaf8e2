#if canImport(CISAL)
import CISAL
import Glibc

/// Deflate by Intel's ISA-L, more than twice as fast as zlib.
final class ISALDeflate: DeflateDecoder {
    private let state: UnsafeMutablePointer<inflate_state>
    /// The decoder believes that the current block is the last one.
    private var isStopping = false

    init() throws(InflateError.Reason) {
        guard let state = imgfs_isal_make() else { throw .outOfMemory }
        self.state = state
    }

    deinit { free(state) }

    func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, stopsAfterBlock: Bool
    ) throws(InflateError.Reason) -> (written: Int, stop: DeflateStop) {
        var next = input.bindMemory(to: UInt8.self).baseAddress
        var remaining = input.count
        defer { input.dropFirst(byteCount: input.count - remaining) }
        var written = 0
        while written < output.count {
            var room = output.count - written
            if stopsAfterBlock, !isStopping {
                isStopping = imgfs_isal_stop_after_block(state) != 0
                // Between two blocks: look again when the next one has begun.
                if !isStopping { room = min(room, Self.lookAgainByteCount) }
            }
            let before = remaining
            var count = 0
            let result = imgfs_isal_inflate(
                state, &next, &remaining, output.bindMemory(to: UInt8.self).baseAddress?.advanced(by: written), room,
                &count)
            written += count
            guard result == ISAL_DECOMP_OK else { throw .corrupt(.gzip, detail: "invalid deflate block") }
            if imgfs_isal_is_finished(state) != 0 {
                guard isStopping else { return (written, .end) }
                return (written, .block(unusedBitCount: Int(imgfs_isal_unused_bits(state))))
            }
            if count < room, remaining == 0 || remaining == before && count == 0 { break }
        }
        return (written, .buffers)
    }

    private static let lookAgainByteCount = 16 << 10

    func goOn(with history: UnsafeRawBufferPointer) throws(InflateError.Reason) {
        isStopping = false
        try setHistory(history)
    }

    func takeUnused() -> (bytes: UInt64, count: Int) {
        var bytes: UInt64 = 0
        let count = Int(imgfs_isal_take_unused(state, &bytes))
        return (count < 8 ? bytes & (1 << UInt64(8 * count) - 1) : bytes, count)
    }

    func reset() {
        isStopping = false
        isal_inflate_reset(state)
    }

    func begin(bitCount: Int, of byte: UInt8, history: UnsafeRawBufferPointer) throws(InflateError.Reason) {
        try setHistory(history)
        imgfs_isal_prime(state, byte, Int32(bitCount))
    }

    private func setHistory(_ history: UnsafeRawBufferPointer) throws(InflateError.Reason) {
        let start = history.bindMemory(to: UInt8.self).baseAddress
        guard imgfs_isal_continue(state, start, UInt32(history.count)) == COMP_OK else {
            throw .corrupt(.gzip, detail: "unusable checkpoint")
        }
    }

    func checksum(_ checksum: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return checksum }
        return crc32_gzip_refl(checksum, start, UInt64(bytes.count))
    }
}
#endif
