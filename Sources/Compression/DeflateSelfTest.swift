import CZlib

/// Compares a deflate engine with zlib before it is trusted with layers.
///
/// A library that picks its code by processor can be broken on one machine only. Wrong bytes would be noticed by the
/// digests, but then no layer could be unpacked at all.
enum DeflateSelfTest {
    /// Stored, dynamic and fixed blocks, matches over the whole window, input and output in odd pieces. A few
    /// milliseconds.
    static func passes(_ engine: DeflateEngine) -> Bool {
        let content = sample(byteCount: 80_000)
        let forms: [(level: Int32, strategy: Int32)] = [(0, Z_DEFAULT_STRATEGY), (6, Z_DEFAULT_STRATEGY), (1, Z_FIXED)]
        return forms.allSatisfy { form in
            let compressed = GzipWriter.gzip(content, level: form.level, strategy: form.strategy)
            return inflates(compressed, to: content, with: engine)
        }
    }

    private static func inflates(_ compressed: [UInt8], to content: [UInt8], with engine: DeflateEngine) -> Bool {
        do {
            let inflater = Inflater(engine: engine)
            var result = [UInt8](repeating: 0, count: content.count + 1)
            var count = 0
            for start in stride(from: 0, to: compressed.count, by: 7919) {
                let piece = compressed[start..<min(start + 7919, compressed.count)]
                try piece.withUnsafeBytes { piece in
                    try result.withUnsafeMutableBytes { result in
                        var input = piece
                        var written: Int
                        repeat {
                            let end = min(count + 33_331, result.count)
                            let room = UnsafeMutableRawBufferPointer(rebasing: result[count..<end])
                            written = try inflater.inflate(&input, into: room)
                            count += written
                        } while written > 0
                    }
                }
            }
            try inflater.finish()
            return count == content.count && result.dropLast().elementsEqual(content)
        } catch {
            return false
        }
    }

    /// Noise, with runs and with repeats from near and far, the same each time.
    private static func sample(byteCount: Int) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(byteCount + 512)
        var random: UInt64 = 0x9e37_79b9_7f4a_7c15
        while content.count < byteCount {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let length = Int(random >> 40 & 0xff) + 1
            let distance = Int(random >> 48 & 0x7fff) + 1
            if random >> 33 & 3 != 0, distance <= content.count {
                for _ in 0..<length { content.append(content[content.count - distance]) }
            } else {
                for shift in 0..<UInt64(min(length, 24)) { content.append(UInt8(truncatingIfNeeded: random >> shift)) }
            }
        }
        return content
    }
}
