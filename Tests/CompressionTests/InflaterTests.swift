import CZlib
import Testing

@testable import Compression

struct InflaterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var stream: [UInt8]
        var content: [UInt8]

        init(_ name: String, _ stream: [UInt8], _ content: [UInt8]) {
            testDescription = name
            self.stream = stream
            self.content = content
        }
    }

    static let small = StreamSamples.content(byteCount: 3000)
    static let large = StreamSamples.content(byteCount: 400_000)
    static let zeros = [UInt8](repeating: 0, count: 1_000_000)
    static let skippable: [UInt8] = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]

    static let cases = [
        Case("no bytes", [], []),
        Case("plain", small, small),
        Case("plain, one byte", [7], [7]),
        Case("gzip", GzipWriter.gzip(small), small),
        Case("gzip, stored blocks", GzipWriter.gzip(large, level: 0), large),
        Case("gzip, fixed codes", GzipWriter.gzip(small, strategy: Z_FIXED), small),
        Case("gzip, literals only", GzipWriter.gzip(small, strategy: Z_HUFFMAN_ONLY), small),
        Case("gzip, large", GzipWriter.gzip(large, level: 9), large),
        Case("gzip, zeros", GzipWriter.gzip(zeros), zeros),
        Case("gzip of nothing", GzipWriter.gzip([]), []),
        Case("gzip, all header fields", StreamSamples.gzipWithAllFields(small), small),
        Case("gzip, two members", GzipWriter.gzip(small) + GzipWriter.gzip(large), small + large),
        Case("gzip, empty members between", GzipWriter.gzip([]) + GzipWriter.gzip(small) + GzipWriter.gzip([]), small),
        Case(
            "gzip, as bgzip writes it",
            stride(from: 0, to: small.count, by: 100).flatMap {
                StreamSamples.gzipWithAllFields(Array(small[$0..<min($0 + 100, small.count)]))
            } + GzipWriter.gzip([]), small),
        Case("gzip, zeros after it", GzipWriter.gzip(small) + [UInt8](repeating: 0, count: 700), small),
        Case("zstd", StreamSamples.zstd(small), small),
        Case("zstd, large", StreamSamples.zstd(large, level: 12), large),
        Case("zstd of nothing", StreamSamples.zstd([]), []),
        Case("zstd, two frames", StreamSamples.zstd(small) + StreamSamples.zstd(large), small + large),
        Case("zstd, skippable frame first", skippable + StreamSamples.zstd(small), small),
        Case("zstd, skippable frame last", StreamSamples.zstd(small) + skippable, small),
    ]

    @Test(arguments: cases, DeflateEngine.available)
    func `streams inflate to their content however they are split`(_ test: Case, _ engine: DeflateEngine) throws {
        for (inputStep, outputStep) in [(1 << 20, 1 << 20), (4096, 1 << 16), (7, 10_007), (1 << 20, 511)] {
            let result = try StreamSamples.inflate(
                test.stream, engine: engine, inputStep: inputStep, outputStep: outputStep)
            #expect(result == test.content, "pieces of \(inputStep) into \(outputStep)")
        }
    }

    @Test(arguments: DeflateEngine.available)
    func `every size of pieces gives the same`(_ engine: DeflateEngine) throws {
        let content = StreamSamples.content(byteCount: 500)
        let streams = [
            StreamSamples.gzipWithAllFields(content) + GzipWriter.gzip(content) + [0, 0], StreamSamples.zstd(content),
        ]
        for stream in streams {
            for step in 1...40 {
                let inSteps = try StreamSamples.inflate(stream, engine: engine, inputStep: step)
                let outSteps = try StreamSamples.inflate(stream, engine: engine, outputStep: step)
                let bothSteps = try StreamSamples.inflate(
                    stream, engine: engine, inputStep: step, outputStep: 41 - step)
                #expect(inSteps == outSteps && inSteps == bothSteps && inSteps.starts(with: content))
            }
        }
    }

    @Test(arguments: DeflateEngine.available)
    func `a stream that is cut off anywhere is refused`(_ engine: DeflateEngine) {
        let content = StreamSamples.content(byteCount: 400)
        for stream in [StreamSamples.gzipWithAllFields(content), StreamSamples.zstd(content)] {
            for length in 1..<stream.count {
                #expect(throws: InflateError.self) {
                    try StreamSamples.inflate(Array(stream.prefix(length)), engine: engine)
                }
            }
        }
    }

    @Test(arguments: DeflateEngine.available)
    func `faults are named`(_ engine: DeflateEngine) {
        func reason(_ stream: [UInt8]) -> InflateError.Reason? {
            do throws(InflateError) {
                _ = try StreamSamples.inflate(stream, engine: engine)
                return nil
            } catch {
                return error.reason
            }
        }
        let gzip = GzipWriter.gzip(Self.small)
        var wrongChecksum = gzip
        wrongChecksum[gzip.count - 8] ^= 1
        var wrongLength = gzip
        wrongLength[gzip.count - 1] ^= 1
        var wrongHeaderChecksum = StreamSamples.gzipWithAllFields(Self.small)
        wrongHeaderChecksum[20] ^= 1
        #expect(reason(wrongChecksum) == .checksumMismatch(.gzip))
        #expect(reason(wrongLength) == .checksumMismatch(.gzip))
        #expect(reason(wrongHeaderChecksum) == .corrupt(.gzip, detail: "wrong checksum of the header"))
        #expect(reason(gzip + [1]) == .trailingGarbage(.gzip))
        #expect(reason(gzip + [0, 0, 1]) == .trailingGarbage(.gzip))
        #expect(reason(gzip + [0x1f]) == .truncated(.gzip))
        #expect(reason(gzip + [0x1f, 0x8c]) == .corrupt(.gzip, detail: "no gzip header"))
        #expect(reason(Array(gzip.dropLast())) == .truncated(.gzip))
        #expect(reason([0x1f]) == .tooShort)
        #expect(reason([0x1f, 0x8b, 9] + gzip) == .corrupt(.gzip, detail: "compression method 9 is not deflate"))
        #expect(reason([0x1f, 0x8b, 8, 0x20]) == .corrupt(.gzip, detail: "reserved header flags are set"))
        #expect(reason([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00]) == .unsupported("xz"))
        #expect(reason(Array(StreamSamples.zstd(Self.small).dropLast())) == .truncated(.zstd))
    }

    @Test(arguments: DeflateEngine.available)
    func `an error comes again`(_ engine: DeflateEngine) throws {
        let inflater = Inflater(engine: engine)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
        defer { buffer.deallocate() }
        let stream: [UInt8] = [0x1f, 0x8b, 9, 9]
        let expected = InflateError(.corrupt(.gzip, detail: "compression method 9 is not deflate"), at: 3)
        stream.withUnsafeBytes { stream in
            var input = stream
            #expect(throws: expected) { try inflater.inflate(&input, into: buffer) }
            var rest = stream
            #expect(throws: expected) { try inflater.inflate(&rest, into: buffer) }
        }
        #expect(throws: expected) { try inflater.finish() }
    }
}
