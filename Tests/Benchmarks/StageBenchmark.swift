import Compression
import Content
import LayerIndex
import Layers
import OCI
import Snapshot
import Store
import SystemPackage

/// Where the time of one layer goes: each step of an unpack alone, then all of them as they are in the program.
///
/// `make bench-plot` draws the table, so its columns are what Tests/Tools/plot-stages reads.
struct StageBenchmark {
    let layer: FetchedLayer
    let archive: [UInt8]
    let store: Store
    private let runs = 5

    init(_ layer: FetchedLayer, storeAt directory: FilePath) throws {
        self.layer = layer
        store = try Store.open(directory)
        var archive: [UInt8] = []
        try InflateBenchmark.inflate(layer.bytes, DeflateEngine.chosen.engine, span: nil) { archive += $0 }
        self.archive = archive
    }

    func run() throws {
        let title = "stages of a layer, \(layer.bytes.count / 1_000_000) MB, inflated \(archive.count / 1_000_000) MB"
        printHead(title, ["wall, s", "CPU, s", "archive MB/s"])
        row("fetch", try cost(runs: runs) { try layer.source.stream(layer.blob, from: 0) { _ in } })
        row("SHA-256 of the blob", cost(runs: runs) { _ = SHA256.digest(of: layer.bytes) })
        let engine = DeflateEngine.chosen.engine
        let inflating = try costs(
            runs: runs,
            { try InflateBenchmark.inflate(layer.bytes, engine, span: nil) { _ in } },
            { try InflateBenchmark.inflate(layer.bytes, engine, span: Self.span) { _ in } })
        row("inflate", inflating.first)
        row("find checkpoints", inflating.difference)
        row("SHA-256 of the archive", cost(runs: runs) { _ = SHA256.digest(of: archive) })
        let parsing = try costs(
            runs: runs, { try ArchiveBenchmark.parse(archive) { _ in } }, { _ = try ArchiveBenchmark.index(archive) })
        row("tar headers", parsing.first)
        row("layer index", parsing.difference)
        row("write the archive", try write(archive))
        let index = try LayerIndex(
            LoadedFile(bytes: try ArchiveBenchmark.index(archive)), diffID: ArchiveBenchmark.diffID)
        row(
            "merge into a tree",
            try cost(runs: runs) {
                _ = try TreeMerge.tree(of: [index], chainID: ArchiveBenchmark.diffID)
            })
        let whole = try costs(
            runs: runs, { try unpack(layer.memory, span: nil) }, { try unpack(layer.memory, span: Self.span) })
        row("all but fetching, two threads, no checkpoints", whole.first)
        row("all but fetching, two threads", whole.second)
        row("all, two threads", try cost(runs: runs) { try unpack(layer.source, span: Self.span) })

        printHead("what checkpoints add", ["wall, %", "CPU, %"])
        share("to inflating", inflating)
        share("to a layer that is there already", whole)
    }

    private static var span: Int? { UnpackLimits().checkpointSpanByteCount }

    private func row(_ title: String, _ cost: Cost) {
        let rate = Double(archive.count) / cost.wall / 1e6
        printRow(title, [fixed(cost.wall, 4), fixed(cost.cpu, 4), cost.wall > 0 ? fixed(rate, 0) : "-"])
    }

    private func share(_ title: String, _ costs: (first: Cost, second: Cost, difference: Cost)) {
        printRow(
            title,
            [
                fixed(100 * costs.difference.wall / costs.first.wall, 2),
                fixed(100 * costs.difference.cpu / costs.first.cpu, 2),
            ])
    }

    /// Into a new file of the store, which is gone afterwards.
    private func write(_ bytes: [UInt8]) throws -> Cost {
        try (0..<runs).map { _ in
            let staging = try store.stageLayer(layer.diffID)
            return try Cost.of {
                try ArchiveBenchmark.forEachPiece(of: bytes) { _ = try staging.data.writeAll($0) }
            }
        }.median
    }

    /// As the daemon does it, and then the layer is removed, which is not much beside it.
    private func unpack(_ source: any BlobSource, span: Int?) throws {
        var limits = UnpackLimits()
        limits.checkpointSpanByteCount = span
        try LayerUnpacker(store: store, limits: limits).unpack(
            layer.blob, diffID: layer.diffID, from: source, isResumable: source is any ImageSource)
        try store.removeLayer(layer.diffID)
    }
}
