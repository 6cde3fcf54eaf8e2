import Testing

@testable import Compression

struct CheckpointTests {
    /// Inflates all of `stream` and returns its checkpoints.
    private static func checkpoints(
        of stream: [UInt8], span: Int, engine: DeflateEngine, inputStep: Int, outputStep: Int
    ) throws -> (content: [UInt8], checkpoints: [Checkpoint]) {
        let inflater = Inflater(engine: engine, checkpointSpanByteCount: span)
        var content: [UInt8] = []
        var checkpoints: [Checkpoint] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: outputStep, alignment: 16)
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: stream.count, by: inputStep) {
            try stream[start..<min(start + inputStep, stream.count)].withUnsafeBytes { piece in
                var input = piece
                var written: Int
                repeat {
                    written = try inflater.inflate(&input, into: buffer)
                    content.append(contentsOf: buffer[..<written])
                    checkpoints += inflater.takeCheckpoints()
                } while written == buffer.count
            }
        }
        try inflater.finish()
        return (content, checkpoints)
    }

    /// Inflates from the checkpoint to the end.
    private static func resume(_ stream: [UInt8], at checkpoint: Checkpoint, engine: DeflateEngine) throws -> [UInt8] {
        let inflater = try Inflater(resumingAt: checkpoint, engine: engine)
        var content: [UInt8] = []
        try drain(inflater, stream[Int(checkpoint.compressedByteOffset)...]) { content.append(contentsOf: $0) }
        return content
    }

    private static func drain(
        _ inflater: Inflater, _ stream: ArraySlice<UInt8>, _ take: (UnsafeMutableRawBufferPointer.SubSequence) -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100_000, alignment: 16)
        defer { buffer.deallocate() }
        try stream.withUnsafeBytes { rest in
            var input = rest
            var written: Int
            repeat {
                written = try inflater.inflate(&input, into: buffer)
                take(buffer[..<written])
            } while written == buffer.count
        }
        try inflater.finish()
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var stream: [UInt8]
    }

    static let content = StreamSamples.content(byteCount: 400_000, seed: 11)
    static let cases = [
        Case(testDescription: "level 1", stream: GzipWriter.gzip(content, level: 1)),
        Case(testDescription: "level 6", stream: GzipWriter.gzip(content, level: 6)),
        Case(testDescription: "stored", stream: GzipWriter.gzip(content, level: 0)),
        Case(
            testDescription: "members",
            stream: StreamSamples.gzipWithAllFields(Array(content[..<10_000]))
                + GzipWriter.gzip(Array(content[10_000..<200_000])) + GzipWriter.gzip(Array(content[200_000...]))
                + [0, 0, 0]),
        Case(testDescription: "zeros", stream: GzipWriter.gzip(InflaterTests.zeros)),
    ]

    @Test(arguments: cases, DeflateEngine.available)
    func `inflating can begin at every checkpoint, with every engine`(_ test: Case, _ engine: DeflateEngine) throws {
        for (inputStep, outputStep) in [(1 << 20, 1 << 20), (4096, 50_000), (997, 1009)] {
            let (content, checkpoints) = try Self.checkpoints(
                of: test.stream, span: 40_000, engine: engine, inputStep: inputStep, outputStep: outputStep)
            #expect(content == (test.testDescription == "zeros" ? InflaterTests.zeros : Self.content))
            #expect(checkpoints.first?.byteOffset == 0)
            if test.testDescription != "zeros" { #expect(checkpoints.count >= 2) }
            for (before, after) in zip(checkpoints, checkpoints.dropFirst()) {
                #expect(after.byteOffset >= before.byteOffset + 40_000)
            }
            for checkpoint in checkpoints {
                for reader in DeflateEngine.available {
                    let rest = try Self.resume(test.stream, at: checkpoint, engine: reader)
                    #expect(rest.elementsEqual(content[Int(checkpoint.byteOffset)...]))
                }
            }
        }
    }

    @Test(arguments: cases, DeflateEngine.available)
    func `inflating from a checkpoint finds the checkpoints after it`(_ test: Case, _ engine: DeflateEngine) throws {
        let (content, checkpoints) = try Self.checkpoints(
            of: test.stream, span: 40_000, engine: engine, inputStep: 4096, outputStep: 50_000)
        for (number, checkpoint) in checkpoints.enumerated() {
            let inflater = try Inflater(resumingAt: checkpoint, engine: engine, checkpointSpanByteCount: 40_000)
            var found: [Checkpoint] = []
            try Self.drain(inflater, test.stream[Int(checkpoint.compressedByteOffset)...]) { _ in
                found += inflater.takeCheckpoints()
            }
            #expect(inflater.byteCount == UInt64(content.count))
            #expect(inflater.compressedByteCount == UInt64(test.stream.count))
            // Others than before: where a decoder sees the end of a block depends on where it began.
            #expect(found.count >= (checkpoints.count - number - 1) / 2)
            for checkpoint in found {
                let rest = try Self.resume(test.stream, at: checkpoint, engine: engine)
                #expect(rest.elementsEqual(content[Int(checkpoint.byteOffset)...]))
            }
        }
    }

    @Test(arguments: cases)
    func `engines make the same checkpoints`(_ test: Case) throws {
        let results = try DeflateEngine.available.map {
            try Self.checkpoints(of: test.stream, span: 100_000, engine: $0, inputStep: 10_000, outputStep: 1 << 20)
        }
        // A block that ends exactly where a checkpoint is due may be seen by one engine and not by the other.
        #expect(results.allSatisfy { abs($0.checkpoints.count - results[0].checkpoints.count) <= 1 })
    }

    @Test(arguments: DeflateEngine.available)
    func `damaged streams do no harm while checkpoints are made`(_ engine: DeflateEngine) {
        var random = RandomBytes(seed: 77)
        let content = StreamSamples.content(byteCount: 60_000, seed: 3)
        let stream = GzipWriter.gzip(content, level: 1)
        for _ in 0..<150 {
            var damaged = stream
            for _ in 0...random.next() % 3 {
                damaged[Int(random.next()) % damaged.count] = UInt8(truncatingIfNeeded: random.next())
            }
            let result = try? Self.checkpoints(
                of: damaged, span: 5000, engine: engine, inputStep: 3000, outputStep: 7000)
            #expect(result == nil || result?.content == content)
        }
    }
}
