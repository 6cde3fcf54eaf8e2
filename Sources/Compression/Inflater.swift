/// Inflates one stream whose format its first bytes tell. For use by one thread at a time.
///
/// Memory stays the same however long the stream is: output goes to buffers of the caller, piece by piece.
///
///     var written = 0
///     repeat {
///         written = try inflater.inflate(&input, into: buffer)
///         use(buffer[..<written])
///     } while written == buffer.count     // the input is used up
public final class Inflater {
    private enum State {
        /// The first bytes, until they tell the format.
        case detecting(prefix: [UInt8])
        /// `pending` came before the format was known and is decoded first.
        case decoding(any StreamDecoder, pending: [UInt8])
        case failed(InflateError)
    }

    private let limits: InflateLimits
    private let engine: DeflateEngine
    private var state = State.detecting(prefix: [])

    /// nil until enough of the stream has been seen.
    public private(set) var format: CompressionFormat?
    /// Bytes of the compressed stream so far.
    public private(set) var compressedByteCount: UInt64 = 0
    /// Bytes of the inflated stream so far.
    public private(set) var byteCount: UInt64 = 0

    private let checkpointSpanByteCount: Int?
    /// Where checkpoints are kept, when they are.
    private var gzip: GzipDecoder?

    /// - Parameter checkpointSpanByteCount: of a gzip stream, keep a checkpoint for about each so many inflated bytes.
    public init(
        limits: InflateLimits = InflateLimits(), engine: DeflateEngine = DeflateEngine.chosen.engine,
        checkpointSpanByteCount: Int? = nil
    ) {
        self.limits = limits
        self.engine = engine
        self.checkpointSpanByteCount = checkpointSpanByteCount
    }

    /// Inflates a gzip stream from `checkpoint` on: the input begins with the byte at its `compressedByteOffset`, the
    /// output with the byte at its `byteOffset`, and both are counted from the start of the stream. The checksum of the
    /// member in which that is cannot be checked.
    public init(
        resumingAt checkpoint: Checkpoint, limits: InflateLimits = InflateLimits(),
        engine: DeflateEngine = DeflateEngine.chosen.engine, checkpointSpanByteCount: Int? = nil
    ) throws(InflateError) {
        self.limits = limits
        self.engine = engine
        self.checkpointSpanByteCount = checkpointSpanByteCount
        compressedByteCount = checkpoint.compressedByteOffset
        byteCount = checkpoint.byteOffset
        do throws(InflateError.Reason) {
            let decoder = GzipDecoder(
                try engine.makeDecoder(), resumingAt: checkpoint, checkpointSpanByteCount: checkpointSpanByteCount)
            gzip = decoder
            state = .decoding(decoder, pending: [])
        } catch {
            throw InflateError(error, at: compressedByteCount)
        }
        format = .gzip
    }

    /// The checkpoints since the last call, in order. The first one of a stream is where its first block begins.
    public func takeCheckpoints() -> [Checkpoint] { gzip?.takeCheckpoints() ?? [] }

    /// Takes bytes off the front of `input` and writes what they inflate to to the front of `output`, which must not be
    /// empty. Returns how many bytes it wrote. When that is all that `output` holds there may be more: call again, also
    /// when the input is empty. When it is less, the input is used up.
    ///
    /// After an error the inflater throws it again.
    public func inflate(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError) -> Int {
        do throws(InflateError.Reason) {
            let available = input.count
            let written: Int
            do {
                defer { compressedByteCount += UInt64(available - input.count) }
                try detect(&input)
                written = try decode(&input, into: output)
            }
            byteCount += UInt64(written)
            try checkLimits()
            return written
        } catch {
            throw fail(error)
        }
    }

    /// Says that there is no more input. Throws when the stream is not complete; one of no bytes is.
    public func finish() throws(InflateError) {
        do throws(InflateError.Reason) {
            switch state {
            case .detecting(let prefix): if !prefix.isEmpty { throw .tooShort }
            case .decoding(let decoder, _): try decoder.finish()
            case .failed(let error): throw error.reason
            }
        } catch {
            throw fail(error)
        }
    }

    private func fail(_ reason: InflateError.Reason) -> InflateError {
        if case .failed(let error) = state { return error }
        let error = InflateError(reason, at: compressedByteCount)
        state = .failed(error)
        return error
    }

    /// Leaves the state `detecting` as soon as the format is known. Takes one byte after the other: no byte that is
    /// not needed to know it is held back.
    private func detect(_ input: inout UnsafeRawBufferPointer) throws(InflateError.Reason) {
        guard case .detecting(var prefix) = state else { return }
        while let byte = input.first {
            prefix.append(byte)
            input.dropFirst(byteCount: 1)
            switch prefix.withUnsafeBytes({ Detection($0) }) {
            case .open: continue
            case .foreign(let name): throw .unsupported(name)
            case .known(let format):
                self.format = format
                state = .decoding(try makeDecoder(format), pending: prefix)
                return
            }
        }
        state = .detecting(prefix: prefix)
    }

    private func makeDecoder(_ format: CompressionFormat) throws(InflateError.Reason) -> any StreamDecoder {
        switch format {
        case .gzip:
            let decoder = GzipDecoder(try engine.makeDecoder(), checkpointSpanByteCount: checkpointSpanByteCount)
            gzip = decoder
            return decoder
        case .zstd: return try ZstdDecoder(maximumWindowByteCount: limits.maximumWindowByteCount)
        case .none: return PlainDecoder()
        }
    }

    private func decode(
        _ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(InflateError.Reason) -> Int {
        let decoder: any StreamDecoder
        var pending: [UInt8]
        switch state {
        case .detecting: return 0
        case .failed(let error): throw error.reason
        case .decoding(let current, let bytes): (decoder, pending) = (current, bytes)
        }
        var written = 0
        if !pending.isEmpty {
            let restCount = try pending.withUnsafeBufferPointer { (bytes) throws(InflateError.Reason) in
                var bytes = UnsafeRawBufferPointer(bytes)
                written = try decoder.decode(&bytes, into: output)
                return bytes.count
            }
            pending.removeFirst(pending.count - restCount)
            state = .decoding(decoder, pending: pending)
        }
        if written < output.count {
            let room = UnsafeMutableRawBufferPointer(rebasing: output[written...])
            written += try decoder.decode(&input, into: room)
        }
        return written
    }

    private func checkLimits() throws(InflateError.Reason) {
        if byteCount > limits.maximumByteCount { throw .tooLarge(limit: limits.maximumByteCount) }
        guard byteCount > limits.expansionFreeByteCount else { return }
        if byteCount / limits.maximumExpansion > compressedByteCount {
            throw .expandsTooMuch(limit: limits.maximumExpansion)
        }
    }
}
