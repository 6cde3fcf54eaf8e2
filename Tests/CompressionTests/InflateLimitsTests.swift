import CZstd
import Testing

@testable import Compression

struct InflateLimitsTests {
    @Test(arguments: [
        GzipWriter.gzip(InflaterTests.zeros), StreamSamples.zstd(InflaterTests.zeros), InflaterTests.zeros,
    ])
    func `a stream may not inflate to more than the limit`(_ stream: [UInt8]) throws {
        var limits = InflateLimits()
        limits.maximumByteCount = 1_000_000
        _ = try StreamSamples.inflate(stream, engine: .zlib, limits: limits)
        limits.maximumByteCount = 999_999
        let error = #expect(throws: InflateError.self) {
            try StreamSamples.inflate(stream, engine: .zlib, limits: limits)
        }
        #expect(error?.reason == .tooLarge(limit: 999_999))
        #expect(error?.isLimit == true)
    }

    @Test func `a stream may not expand more than the limit, once it is past the free bytes`() throws {
        let stream = StreamSamples.zstd(InflaterTests.zeros)
        var limits = InflateLimits()
        _ = try StreamSamples.inflate(stream, engine: .zlib, limits: limits)
        limits.expansionFreeByteCount = 500_000
        let error = #expect(throws: InflateError.self) {
            try StreamSamples.inflate(stream, engine: .zlib, limits: limits)
        }
        #expect(error?.reason == .expandsTooMuch(limit: 200))
    }

    @Test func `gzip can be as dense as deflate allows when the limit says so`() throws {
        var limits = InflateLimits()
        limits.expansionFreeByteCount = 0
        limits.maximumExpansion = 1033
        let stream = GzipWriter.gzip([UInt8](repeating: 0, count: 30_000_000), level: 9)
        #expect(try StreamSamples.inflate(stream, engine: .zlib, limits: limits).count == 30_000_000)
    }

    @Test func `a zstd frame may not ask for a larger window than the limit`() throws {
        var limits = InflateLimits()
        limits.maximumWindowByteCount = 1 << 20
        // A frame header with a window of 2^21 bytes, and an empty last block.
        let stream: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0, (21 - 10) << 3, 1, 0, 0]
        let error = #expect(throws: InflateError.self) {
            try StreamSamples.inflate(stream, engine: .zlib, limits: limits)
        }
        #expect(error?.reason == .windowTooLarge(limit: 1 << 20))
        limits.maximumWindowByteCount = 1 << 21
        #expect(try StreamSamples.inflate(stream, engine: .zlib, limits: limits).isEmpty)
    }
}
