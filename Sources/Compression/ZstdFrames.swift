import CZstd

/// Compresses small pieces of memory, one frame each.
public final class ZstdCompressor {
    private let context: OpaquePointer
    private let level: Int32

    /// - Parameter level: as zstd has them: higher is smaller, below zero is faster than fast.
    /// - Returns: nil when there is no memory.
    public init?(level: Int32) {
        guard let context = ZSTD_createCCtx() else { return nil }
        self.context = context
        self.level = level
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Appends a frame with `bytes`, returns its size in bytes. Throws nothing: what zstd cannot do here is running out
    /// of memory, and then nil is returned and nothing appended.
    public func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) -> Int? {
        let start = output.count
        let bound = ZSTD_compressBound(bytes.count)
        output.append(contentsOf: repeatElement(0, count: bound))
        let count = output.withUnsafeMutableBytes { output in
            ZSTD_compressCCtx(
                context, output.baseAddress?.advanced(by: start), bound, bytes.baseAddress, bytes.count, level)
        }
        let isWritten = ZSTD_isError(count) == 0
        output.removeLast(isWritten ? bound - count : bound)
        return isWritten ? count : nil
    }
}

/// Reads what `ZstdCompressor` wrote.
public enum ZstdFrame {
    /// The `byteCount` bytes that `frame` holds; nil when it does not hold exactly so many.
    public static func decompress(_ frame: UnsafeRawBufferPointer, byteCount: Int) -> [UInt8]? {
        var actualCount = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: byteCount) { output, initializedCount in
            let count = ZSTD_decompress(output.baseAddress, byteCount, frame.baseAddress, frame.count)
            actualCount = ZSTD_isError(count) == 0 ? count : -1
            initializedCount = max(actualCount, 0)
        }
        return actualCount == byteCount ? bytes : nil
    }
}
