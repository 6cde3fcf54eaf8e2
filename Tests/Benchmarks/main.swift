// Benchmarks [REFERENCE SCRATCH [stages|steps]]: what the steps of an unpack, and the answers to the kernel, cost alone: in
// memory, and in one thread where nothing else is said.
//
// With REFERENCE, also those of its biggest layer, in a store in SCRATCH: `stages` are the steps of its unpack one by one,
// `steps` all others. `make bench` runs it.
import SystemPackage

let arguments = CommandLine.arguments.dropFirst()
if let reference = arguments.first, let scratch = arguments.dropFirst().first {
    let stages = try StageBenchmark(try FetchedLayer(reference), storeAt: FilePath(scratch))
    if arguments.last != "steps" { try stages.run() }
    if arguments.last != "stages" {
        try InflateBenchmark.run(stages.layer.bytes, archiveByteCount: stages.archive.count)
        try ArchiveBenchmark.run("that layer's entries", stages.archive)
    }
}
if arguments.last != "stages" {
    for entryCount in [1_000, 33_000, 1_000_000] {
        try ArchiveBenchmark.run("\(entryCount) empty files", SyntheticArchive.make(entryCount: entryCount))
    }
}
