import Compression
import Content

/// What a blob costs before its archive is looked at.
enum InflateBenchmark {
    /// Returns the archive.
    static func run(_ title: String, _ blob: [UInt8]) throws -> [UInt8] {
        heading(title)
        var archive: [UInt8] = []
        try inflate(blob, DeflateEngine.chosen.engine, span: nil) { archive.append(contentsOf: $0) }
        for engine in DeflateEngine.allCases where engine == .zlib || engine == DeflateEngine.chosen.engine {
            try measure("inflate, \(engine)", archive.count, "byte", runs: 3) {
                try inflate(blob, engine, span: nil) { _ in }
            }
            try measure("inflate with checkpoints, \(engine)", archive.count, "byte", runs: 3) {
                try inflate(blob, engine, span: 1 << 20) { _ in }
            }
        }
        measure("SHA-256 of the archive", archive.count, "byte", runs: 3) { _ = SHA256.digest(of: archive) }
        return archive
    }

    private static func inflate(
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
