import TestSupport

/// Makes random layers that every program has to understand in the same way, from a seed.
///
/// It keeps the tree that the entries so far give, so that most entries meet something: replace it, link to it, hide it,
/// or lie below it. What the references are known to take for different things (docs/fidelity.md, "Layers") is left
/// out, or noted in the stack, so that only those that agree are asked.
struct StackGenerator {
    struct Node {
        enum Kind { case directory, symbolicLink([UInt8]), other }
        var kind: Kind
        /// The layer of the last entry for this name.
        var layer: Int
        /// Whether that was an entry of its own, and not only something below.
        var hasEntry: Bool
        /// The layer that made the file; a hard link has that of its target.
        var inodeLayer: Int
        var isRegular = false

        var isDirectory: Bool { if case .directory = kind { true } else { false } }
    }

    var random: SeededGenerator
    var stack: RandomStack
    var tree: [[UInt8]: Node] = [:]
    var number = 0
    var entries: [LayerEntry] = []
    /// The program that writes all archives of the stack, when it is not this one.
    var program: RandomLayer.Writer?

    static func stack(seed: UInt64) -> RandomStack {
        var generator = StackGenerator(random: SeededGenerator(seed: seed), stack: RandomStack(seed: seed))
        generator.run()
        return generator.stack
    }

    private init(random: SeededGenerator, stack: RandomStack) {
        self.random = random
        self.stack = stack
    }

    private mutating func run() {
        if random.chance(4) { program = random.pick([.gnuTar(format: "pax"), .gnuTar(format: "gnu"), .bsdtar]) }
        let layerCount = random.chance(1) ? 0 : 1 + random.below(5)
        while number < layerCount {
            entries = []
            let entryCount = random.chance(3) ? 0 : 1 + random.below(14)
            if number == 0 ? random.chance(70) : random.chance(15) { apply(directory([])) }
            for _ in 0..<entryCount { addEntry() }
            add(layer())
            // The same layer twice, where it does not meet what it has left itself.
            let again = stack.layers[number - 1]
            let meetsDirectories = again.entries.allSatisfy { entry in
                entry.path.ancestors.allSatisfy { tree[$0]?.isDirectory ?? true }
            }
            if stack.overlayDiffers == nil, meetsDirectories, random.chance(4) {
                for entry in again.entries { apply(entry) }
                add(again)
            }
        }
    }

    private mutating func add(_ layer: RandomLayer) {
        stack.layers.append(layer)
        number += 1
    }

    private mutating func layer() -> RandomLayer {
        var layer = RandomLayer(entries: entries)
        let dialect = random.pick(TarWriter.Dialect.allCases)
        layer.writer = .own(dialect)
        layer.compression =
            random.chance(2) ? .pigz : random.pick([.none, .gzip, .gzip, .gzipMembers, .zstd, .zstdFrames])
        layer.namePrefix = random.pick(["", "", "./", "/"])
        let hasSparseFile = entries.contains {
            if case .file(let content) = $0.kind { content.isSparse } else { false }
        }
        if hasSparseFile, (program ?? layer.writer).writesOldSparseFiles {
            stack.umociDiffers = "sparse file of the old GNU format"
        }
        if let program {
            layer.writer = program
            // In which order its entries stand is not ours to say.
            for (path, node) in tree where node.isDirectory { stack.untimed.insert(path) }
            stack.untimed.insert([])
            return layer
        }
        layer.hasGlobalHeader = dialect == .pax && random.chance(4)
        if layer.hasGlobalHeader { stack.umociDiffers = "global header" }
        return layer
    }
}
