import CZlib
import CZstd

@testable import Compression

/// Contents and compressed streams that several tests use. All are the same in each run.
enum StreamSamples {
    /// Noise mixed with repeats, from a linear congruential generator.
    static func content(byteCount: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = RandomBytes(seed: seed)
        var content: [UInt8] = []
        while content.count < byteCount {
            let length = Int(random.next() % 300) + 1
            if random.next() % 3 != 0, !content.isEmpty {
                let distance = Int(random.next() % UInt64(min(content.count, 32_768))) + 1
                for _ in 0..<length { content.append(content[content.count - distance]) }
            } else {
                for _ in 0..<length % 40 { content.append(UInt8(truncatingIfNeeded: random.next())) }
            }
        }
        return Array(content.prefix(byteCount))
    }

    static func zstd(_ content: [UInt8], level: Int32 = 3) -> [UInt8] {
        let bound = ZSTD_compressBound(content.count)
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            count = ZSTD_compress(output.baseAddress, bound, content, content.count, level)
        }
    }

    /// A member whose header has all optional fields, and the checksum of the header.
    static func gzipWithAllFields(_ content: [UInt8]) -> [UInt8] {
        let plain = GzipWriter.gzip(content)
        var header: [UInt8] = [0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 3]
        header += [6, 0] + Array("BC".utf8) + [2, 0, 1, 2]
        header += Array("layer.tar".utf8) + [0] + Array("a comment".utf8) + [0]
        let checksum = header.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        header += [UInt8(truncatingIfNeeded: checksum), UInt8(truncatingIfNeeded: checksum >> 8)]
        return header + plain.dropFirst(10)
    }

    /// Inflates `stream` in pieces of `inputStep` bytes through a buffer of `outputStep` bytes.
    static func inflate(
        _ stream: [UInt8], engine: DeflateEngine, limits: InflateLimits = InflateLimits(), inputStep: Int = 1 << 20,
        outputStep: Int = 1 << 16
    ) throws(InflateError) -> [UInt8] {
        let inflater = Inflater(limits: limits, engine: engine)
        var result: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: outputStep, alignment: 16)
        defer { buffer.deallocate() }
        var start = 0
        while start < stream.count {
            let end = min(start + inputStep, stream.count)
            try stream[start..<end].withUnsafeBufferPointer { (piece) throws(InflateError) in
                var input = UnsafeRawBufferPointer(piece)
                var written: Int
                repeat {
                    written = try inflater.inflate(&input, into: buffer)
                    result.append(contentsOf: buffer[..<written])
                } while written == buffer.count
                if !input.isEmpty { fatalError("an output that is not full means that the input is used up") }
            }
            start = end
        }
        try inflater.finish()
        return result
    }
}

/// A linear congruential generator: the same numbers for the same seed, everywhere.
struct RandomBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}
