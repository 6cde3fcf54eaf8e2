@testable import Compression

/// A gzip stream through every engine: they must agree on what comes out, whole, in pieces, and from each checkpoint on.
@Sendable func fuzzGzip(_ input: UnsafeRawBufferPointer) {
    guard input.count > 2 else { return }
    let (sizes, stream) = ((input[0], input[1]), input.after(2))
    let results = DeflateEngine.available.map { engine in
        inflate(stream, engine: engine, pieceByteCount: 1 + Int(sizes.0) * 16, span: 1 + Int(sizes.1) * 64)
    }
    guard let reference = results.last else { return }
    for result in results {
        precondition(result.isWhole == reference.isWhole, "engines disagree about whether it is right")
        if reference.isWhole { precondition(result.content == reference.content, "engines disagree") }
    }
    guard reference.isWhole else { return }
    for (engine, result) in zip(DeflateEngine.available, results) {
        for checkpoint in result.checkpoints.prefix(4) {
            let start = Int(checkpoint.compressedByteOffset)
            precondition(start <= stream.count && checkpoint.byteOffset <= UInt64(result.content.count), "outside")
            guard let inflater = try? Inflater(resumingAt: checkpoint, limits: limits, engine: engine) else {
                preconditionFailure("a checkpoint is refused")
            }
            let rest = drain(inflater, stream.after(start), pieceByteCount: 4096)
            precondition(rest.isWhole, "inflating from a checkpoint fails")
            precondition(rest.content.elementsEqual(result.content[Int(checkpoint.byteOffset)...]), "other bytes")
        }
    }
}

/// Framing: frames, skippable frames, windows; and what no gzip is.
@Sendable func fuzzZstd(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let whole = inflate(input.after(1), engine: .zlib, pieceByteCount: 1 << 20, span: nil)
    let pieces = inflate(input.after(1), engine: .zlib, pieceByteCount: 1 + Int(first), span: nil)
    precondition(whole.isWhole == pieces.isWhole, "pieces change whether it is right")
    if whole.isWhole { precondition(whole.content == pieces.content, "pieces change the content") }
}

private let limits: InflateLimits = {
    var limits = InflateLimits()
    limits.maximumByteCount = 1 << 20
    limits.maximumWindowByteCount = 8 << 20
    return limits
}()

private struct Inflated {
    var content: [UInt8] = []
    var checkpoints: [Checkpoint] = []
    var isWhole = false
}

private func inflate(
    _ stream: UnsafeRawBufferPointer, engine: DeflateEngine, pieceByteCount: Int, span: Int?
) -> Inflated {
    drain(Inflater(limits: limits, engine: engine, checkpointSpanByteCount: span), stream, pieceByteCount)
}

private func drain(_ inflater: Inflater, _ stream: UnsafeRawBufferPointer, pieceByteCount: Int) -> Inflated {
    drain(inflater, stream, pieceByteCount)
}

private func drain(_ inflater: Inflater, _ stream: UnsafeRawBufferPointer, _ pieceByteCount: Int) -> Inflated {
    var result = Inflated()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
    defer { buffer.deallocate() }
    do throws(InflateError) {
        for start in stride(from: 0, to: stream.count, by: pieceByteCount) {
            var input = UnsafeRawBufferPointer(rebasing: stream[start..<min(start + pieceByteCount, stream.count)])
            var written: Int
            repeat {
                written = try inflater.inflate(&input, into: buffer)
                result.content.append(contentsOf: buffer[..<written])
                result.checkpoints += inflater.takeCheckpoints()
            } while written == buffer.count
            precondition(input.isEmpty, "input is left over")
        }
        try inflater.finish()
        result.isWhole = true
    } catch {
        _ = error.description
    }
    return result
}
