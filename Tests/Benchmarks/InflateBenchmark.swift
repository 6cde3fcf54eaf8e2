import Compression

/// Inflating a blob, with each engine that there is.
enum InflateBenchmark {
    static func run(_ blob: [UInt8], archiveByteCount: Int) throws {
        heading("inflating")
        for engine in DeflateEngine.allCases where engine == .zlib || engine == DeflateEngine.chosen.engine {
            try measure("inflate, \(engine)", archiveByteCount, "byte", runs: 3) {
                try inflate(blob, engine, span: nil) { _ in }
            }
            try measure("inflate with checkpoints, \(engine)", archiveByteCount, "byte", runs: 3) {
                try inflate(blob, engine, span: 1 << 20) { _ in }
            }
        }
    }

    /// In pieces of a MiB, as they go from the first thread of an unpack to the second.
    /// - Parameter span: archive bytes for each checkpoint; nil for none.
    static func inflate(
        _ blob: [UInt8], _ engine: DeflateEngine, span: Int?, _ sink: (UnsafeRawBufferPointer) -> Void
    ) throws {
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { output.deallocate() }
        let inflater = Inflater(engine: engine, checkpointSpanByteCount: span)
        try blob.withUnsafeBytes { blob in
            var input = blob
            while true {
                let count = try inflater.inflate(&input, into: output)
                sink(UnsafeRawBufferPointer(rebasing: output[..<count]))
                _ = inflater.takeCheckpoints()
                if count < output.count, input.isEmpty { break }
            }
        }
        try inflater.finish()
    }
}
