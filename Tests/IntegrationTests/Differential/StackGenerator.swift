import TestSupport

/// Makes random layers that every program has to understand in the same way, from a seed.
///
/// It keeps the tree that the entries so far give, so that most entries meet something: replace it, link to it, hide it,
/// or lie below it. What the references are known to take for different things (docs/fidelity.md, "Layers") is left
/// out, or noted in the stack, so that only those that agree are asked.
struct StackGenerator {
    private struct Node {
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

    private var random: SeededGenerator
    private var stack: RandomStack
    private var tree: [[UInt8]: Node] = [:]
    private var number = 0
    private var entries: [LayerEntry] = []
    /// The program that writes all archives of the stack, when it is not this one.
    private var program: RandomLayer.Writer?

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

    // MARK: Entries

    private mutating func addEntry() {
        switch random.below(100) {
        case 0..<46: addNew(at: newPath())
        case 46..<58: replace()
        case 58..<66: addDirectoryAgain()
        case 66..<76: addHardLink(ofThisLayer: program != nil || random.chance(80))
        case 76..<86: addWhiteout()
        case 86..<91: addOpaque()
        // A tar program archives a directory, in which nothing goes through a link or a file.
        case 91..<94 where program == nil: addThroughLink()
        case 94 where program == nil: addBelowFile()
        default: addNew(at: newPath(), as: .directory)
        }
    }

    private mutating func addNew(at path: [UInt8]?, as kind: LayerEntry.Kind? = nil) {
        guard let path else { return }
        let kind = kind ?? randomKind()
        apply(LayerEntry(kind: kind, path: path, attributes: attributes(for: kind)))
    }

    /// Something of another kind, or of the same, over a name that exists.
    private mutating func replace() {
        guard let path = existing(where: { _, _ in true }) else { return }
        addNew(at: path)
    }

    private mutating func addDirectoryAgain() {
        guard let path = existing(where: { $1.isDirectory }) else { return }
        apply(directory(path))
    }

    private mutating func addHardLink(ofThisLayer: Bool) {
        // GNU tar writes a second name of a device as another device.
        let found = existing { [number, program] _, node in
            !node.isDirectory && (program == nil || node.isRegular) && (node.inodeLayer == number) == ofThisLayer
        }
        guard let target = found, let path = random.chance(80) ? newPath() : existing(where: { _, _ in true }),
            path != target, !target.isBelow(path), !path.isBelow(target)
        else { return }
        if !ofThisLayer { stack.overlayDiffers = "hard link into a lower layer" }
        apply(LayerEntry(kind: .hardLink(target: target), path: path, attributes: FileAttributes(mode: 0o640)))
    }

    private mutating func addWhiteout() {
        if random.chance(8) {
            // Of something that is not there.
            guard let path = newPath(), tree[path] == nil, tree[path.parent] != nil || path.parent.isEmpty else {
                return
            }
            entries.append(LayerEntry(kind: .whiteout, path: path))
            return
        }
        guard let path = existing(where: { [number] _, node in node.layer != number || node.hasEntry }),
            directoriesHaveEntries(below: path)
        else { return }
        // A tar program needs a file of that name, which four bytes more can make too long.
        if program != nil, path.components.last?.count == 255 { return }
        apply(LayerEntry(kind: .whiteout, path: path))
    }

    private mutating func addOpaque() {
        let path = random.chance(8) ? [] : existing(where: { $1.isDirectory })
        guard let path, directoriesHaveEntries(below: path) else { return }
        apply(LayerEntry(kind: .opaque, path: path))
    }

    /// Below a symbolic link to a directory. The link is followed; unpacked for overlayfs, it becomes a directory.
    private mutating func addThroughLink() {
        let link = existing { [number] _, node in
            if case .symbolicLink = node.kind { node.layer != number || node.hasEntry } else { false }
        }
        guard let link, let directory = followed(link) else { return }
        let name = randomName()
        let kind = randomKind()
        stack.overlayDiffers = "path through a symbolic link"
        apply(
            LayerEntry(kind: kind, path: link.appending(component: name), attributes: attributes(for: kind)),
            at: directory.appending(component: name))
    }

    /// Below a file of a lower layer, which becomes a directory.
    private mutating func addBelowFile() {
        let found = existing { [number] _, node in
            if case .other = node.kind { node.layer != number } else { false }
        }
        guard let file = found, random.chance(30) else { return }
        stack.umociDiffers = "path below a file of a lower layer"
        addNew(at: file.appending(component: randomName()))
    }

    // MARK: The tree that the entries give

    private mutating func apply(_ entry: LayerEntry) { apply(entry, at: entry.path) }

    private mutating func apply(_ entry: LayerEntry, at path: [UInt8]) {
        entries.append(entry)
        switch entry.kind {
        case .whiteout: hide(path, andItself: true)
        case .opaque: hide(path, andItself: false)
        case .directory:
            makeParents(of: path)
            if !path.isEmpty, tree[path]?.isDirectory != true { remove(path) }
            set(path, .directory)
            stack.untimed.remove(path)
            stack.made.remove(path)
        case .symbolicLink(let target):
            makeParents(of: path)
            remove(path)
            set(path, .symbolicLink(target))
        case .hardLink(let target):
            makeParents(of: path)
            let node = tree[target]
            remove(path)
            set(path, node?.kind ?? .other)
            tree[path]?.inodeLayer = node?.inodeLayer ?? number
            tree[path]?.isRegular = node?.isRegular ?? false
        default:
            makeParents(of: path)
            remove(path)
            set(path, .other)
            if case .file = entry.kind { tree[path]?.isRegular = true }
        }
    }

    private mutating func set(_ path: [UInt8], _ kind: Node.Kind) {
        if path.isEmpty { return }
        tree[path] = Node(kind: kind, layer: number, hasEntry: true, inodeLayer: number)
    }

    private mutating func makeParents(of path: [UInt8]) {
        for directory in path.ancestors where tree[directory]?.isDirectory != true {
            remove(directory)
            tree[directory] = Node(kind: .directory, layer: number, hasEntry: false, inodeLayer: number)
            stack.untimed.formUnion([directory, directory.parent])
            stack.made.insert(directory)
        }
    }

    private mutating func remove(_ path: [UInt8]) {
        tree[path] = nil
        for below in tree.keys where below.isBelow(path) { tree[below] = nil }
    }

    private mutating func hide(_ path: [UInt8], andItself: Bool) {
        for (below, node) in tree where below.isBelow(path) {
            if node.layer != number {
                tree[below] = nil
            } else if node.isDirectory {
                stack.untimed.insert(below)
            }
        }
        guard andItself, let node = tree[path] else { return }
        if node.layer != number { tree[path] = nil } else if node.isDirectory { stack.untimed.insert(path) }
    }

    /// Whether hiding is the same before and after what this layer has below `path`: all directories on the way to it
    /// have entries here.
    private func directoriesHaveEntries(below path: [UInt8]) -> Bool {
        let ofThisLayer = tree.filter { $0.key.isBelow(path) && $0.value.layer == number }.keys
        return ofThisLayer.allSatisfy { found in
            found.ancestors.allSatisfy { directory in
                guard directory == path || directory.isBelow(path), let node = tree[directory] else { return true }
                return node.layer == number && node.hasEntry
            }
        } && ofThisLayer.allSatisfy { tree[$0].map { !$0.isDirectory || $0.hasEntry } ?? true }
    }

    private mutating func existing(where matches: ([UInt8], Node) -> Bool) -> [UInt8]? {
        let found = tree.filter { matches($0.key, $0.value) }.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return found.isEmpty ? nil : random.pick(found)
    }

    /// The directory at the end of `path`, links followed.
    private func followed(_ path: [UInt8]) -> [UInt8]? {
        var rest = path.components
        var at: [UInt8] = []
        var steps = 0
        while !rest.isEmpty {
            let component = rest.removeFirst()
            if component == Array(".") { continue }
            if component == Array("..") {
                at = at.parent
                continue
            }
            let next = at.appending(component: component)
            switch tree[next]?.kind {
            case .directory: at = next
            case .symbolicLink(let target):
                steps += 1
                if steps > 10 { return nil }
                if target.first == UInt8(ascii: "/") { at = [] }
                rest = target.components + rest
            default: return nil
            }
        }
        return at
    }

    // MARK: Names and attributes

    /// A name in a directory of the tree; sometimes in one that has no entry anywhere.
    private mutating func newPath() -> [UInt8]? {
        var path = random.chance(25) ? [] : existing(where: { $1.isDirectory }) ?? []
        if path.components.count > 6 { path = [] }
        let depth = random.chance(8) ? 2 + random.below(2) : 1
        for _ in 0..<depth { path = path.appending(component: randomName()) }
        if path.count > 2000 { return nil }
        // A link or a file on the way is another case.
        let free = path.ancestors.allSatisfy { directory in
            tree[directory].map(\.isDirectory) ?? !isHiddenHere(directory)
        }
        return free ? path : nil
    }

    /// Whether this layer has a whiteout for the name: then it gets no directory without an entry.
    private func isHiddenHere(_ path: [UInt8]) -> Bool {
        entries.contains { entry in
            if case .whiteout = entry.kind { entry.path == path } else { false }
        }
    }

    private mutating func randomName() -> [UInt8] {
        switch random.below(40) {
        case 0: [0xff, 0xfe, UInt8(ascii: "a") + UInt8(random.below(3))]
        case 1: Array("with space")
        case 2: Array("new\nline")
        case 3: Array("größe-\u{1F600}")
        case 4: [UInt8](repeating: UInt8(ascii: "l"), count: 255)
        case 5: [UInt8](repeating: UInt8(ascii: "m"), count: 90 + random.below(40))
        case 6: Array("-dash")
        case 7: Array("a.wh.b")
        case 8: Array("back\\slash")
        case 9: Array("=\"quote'%2F")
        case 10: Array("..dots")
        default: [UInt8(ascii: "a") + UInt8(random.below(8))]
        }
    }

    private mutating func randomKind() -> LayerEntry.Kind {
        switch random.below(20) {
        case 0..<9: .file(randomContent())
        case 9..<13: .directory
        case 13..<17: .symbolicLink(target: randomTarget())
        case 17: .fifo
        case 18: .characterDevice(major: 1 + UInt32(random.below(4000)), minor: UInt32(random.below(1 << 20)))
        default: .blockDevice(major: UInt32(random.below(4000)), minor: UInt32(random.below(1 << 20)))
        }
    }

    private mutating func randomTarget() -> [UInt8] {
        let path = existing { _, _ in true } ?? Array("nowhere")
        switch random.below(6) {
        case 0: return Array("/") + path
        case 1: return Array("../") + randomName()
        case 2: return Array("./") + path + Array("//.")
        case 3:
            return random.chance(20)
                ? [UInt8](repeating: UInt8(ascii: "t"), count: 101 + random.below(2000)) : randomName()
        default: return existing(where: { $1.isDirectory }).map { Array("/") + $0 } ?? Array("a")
        }
    }

    private mutating func randomContent() -> FileContent {
        let size = random.pick([0, 1, 511, 512, 513, 4096, 5000, 20_000, random.below(100_000)])
        guard random.chance(10) else {
            return FileContent(size: size, segments: size == 0 ? [] : [.init(offset: 0, bytes: random.bytes(size))])
        }
        // Whole pages with holes of whole pages between them: smaller ones are no holes to the references.
        var content = FileContent(isSparse: true)
        for _ in 0..<random.below(8) {
            content.size += 4096 * (1 + random.below(4))
            let bytes = random.bytes(4096 * (1 + random.below(2)))
            content.segments.append(.init(offset: content.size, bytes: bytes))
            content.size += bytes.count
        }
        if random.chance(50) { content.size += 4096 * random.below(6) + random.below(4096) }
        return content
    }

    private mutating func directory(_ path: [UInt8]) -> LayerEntry {
        LayerEntry(kind: .directory, path: path, attributes: attributes(for: .directory))
    }

    private mutating func attributes(for kind: LayerEntry.Kind) -> FileAttributes {
        var attributes = FileAttributes()
        let modes: [UInt32] = [
            0o644, 0o755, 0o600, 0o000, 0o777, 0o4755, 0o2711, 0o1777, 0o6511, UInt32(random.below(0o10000)),
        ]
        attributes.mode = random.pick(modes)
        if case .symbolicLink = kind { attributes.mode = 0o777 }
        attributes.userID = randomID()
        attributes.groupID = randomID()
        switch random.below(10) {
        case 0: attributes.mtimeSeconds = -1 - random.below(1 << 31)
        case 1: attributes.mtimeSeconds = 1 + random.below(1 << 33)
        default: attributes.mtimeSeconds = 1_500_000_000 + random.below(200_000_000)
        }
        if random.chance(30) {
            attributes.mtimeNanoseconds = random.pick([1, 250_000_000, 999_999_999, random.below(1_000_000_000)])
        }
        if random.chance(15) { attributes.extendedAttributes = extendedAttributes(for: kind, attributes.mode) }
        switch program {
        case .gnuTar(format: "gnu"):
            attributes.mtimeNanoseconds = 0
            attributes.extendedAttributes = []
        case .gnuTar, .bsdtar:
            // bsdtar writes fractions of a second before 1970 as those after it, and encodes names of attributes.
            if attributes.mtimeSeconds < 0 { attributes.mtimeNanoseconds = 0 }
            attributes.extendedAttributes.removeAll { $0.name == "user.über" }
            // Access lists would be left out, or written in a text form that nothing written in Go reads.
            attributes.extendedAttributes.removeAll { $0.name.hasPrefix("system.") }
        default: break
        }
        return attributes
    }

    private mutating func randomID() -> UInt32 {
        random.pick([0, 0, 1000, 65534, 2_097_151, 2_097_152, UInt32(random.below(1 << 32 - 1))])
    }

    /// Such as the kernel takes for this kind of file.
    private mutating func extendedAttributes(
        for kind: LayerEntry.Kind, _ mode: UInt32
    ) -> [FileAttributes.ExtendedAttribute] {
        var all: [FileAttributes.ExtendedAttribute] = []
        if random.chance(50) { all.append(.init(name: "trusted.t", value: random.bytes(random.below(40)))) }
        switch kind {
        case .file, .directory:
            all.append(.init(name: "user.n", value: Array("line\n=\0") + random.bytes(random.below(300))))
            if random.chance(30) { all.append(.init(name: "user.empty", value: [])) }
            if random.chance(30) { all.append(.init(name: "user.über", value: [0])) }
            if random.chance(30) {
                all.append(.init(name: "system.posix_acl_access", value: Self.accessList(mode: mode, userID: 1234)))
            }
        default: break
        }
        if case .directory = kind, random.chance(10) {
            // The kernel gives it to all that umoci makes in there.
            stack.umociDiffers = "default access list"
            all.append(.init(name: "system.posix_acl_default", value: Self.accessList(mode: 0o750, userID: 99)))
        }
        if case .file = kind, random.chance(30) {
            // VFS_CAP_REVISION_2, effective; cap_net_raw permitted.
            all.append(
                .init(name: "security.capability", value: [1, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)))
        }
        return all
    }

    /// POSIX_ACL_XATTR_VERSION 2: owner, one more user who may read, group, mask and others, as the mode says.
    private static func accessList(mode: UInt32, userID: UInt32) -> [UInt8] {
        func entry(_ tag: UInt8, _ permissions: UInt32, _ id: UInt32 = .max) -> [UInt8] {
            [tag, 0, UInt8(permissions & 7), 0] + withUnsafeBytes(of: id.littleEndian) { Array($0) }
        }
        return [2, 0, 0, 0] + entry(0x01, mode >> 6) + entry(0x02, 4, userID) + entry(0x04, 5) + entry(0x10, mode >> 3)
            + entry(0x20, mode)
    }
}
