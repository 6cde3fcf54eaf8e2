// Benchmarks [BLOB]: what the steps of an unpack cost, each alone, in one thread and in memory.
//
// With BLOB, a layer as it is in a registry, that layer too. `make bench` runs it.
import SystemPackage

if CommandLine.arguments.count > 1 {
    let file = try FileDescriptor.open(FilePath(CommandLine.arguments[1]), .readOnly)
    let byteCount = Int(try file.seek(offset: 0, from: .end))
    var blob = [UInt8](repeating: 0, count: byteCount)
    try blob.withUnsafeMutableBytes { _ = try file.read(fromAbsoluteOffset: 0, into: $0) }
    try TreeBenchmark.run("that layer's entries", try InflateBenchmark.run("a layer of \(byteCount >> 20) MiB", blob))
}
for entryCount in [1_000, 33_000, 1_000_000] { try TreeBenchmark.run(entryCount: entryCount) }
