internal import Glibc
internal import LayerIndex
internal import OCI

/// Lays a merged tree out in a file whose size is known before it is written.
struct TreeWriter {
    private let layers: [LayerIndex]
    private let order: TreeOrder
    private var attributeSets: AttributeSets
    private var extentCount = 0
    private var heapByteCount = 0

    init(layers: [LayerIndex], tree: borrowing WorkingTree) {
        self.layers = layers
        order = TreeOrder(tree)
        attributeSets = AttributeSets(layers: layers)
        for inode in order.inodes {
            let source = tree.inodes[Int(inode)]
            if source.isImplied { continue }
            let index = layers[Int(source.layer)]
            let entry = index[Int(source.entry)]
            attributeSets.add(entry.attributeSet, ofLayer: Int(source.layer), index)
            if entry.kind == .sparse { extentCount += entry.extents.count }
            if entry.kind == .symbolicLink { heapByteCount += index.linkTarget(of: entry).count }
        }
        heapByteCount += attributeSets.end
        for name in order.names { heapByteCount += 1 + Int(tree.names[Int(name)].textByteCount) }
    }

    private var namesStart: Int { TreeFormat.Header.byteCount + order.inodes.count * TreeFormat.Inode.byteCount }
    private var extentsStart: Int { namesStart + order.names.count * TreeFormat.Name.byteCount }
    private var layersStart: Int { extentsStart + extentCount * TreeFormat.extentByteCount }
    private var heapStart: Int { layersStart + layers.count * TreeFormat.Layer.byteCount }

    var byteCount: Int { heapStart + (heapByteCount + 7) & ~7 }

    /// Writes everything but the header that sealed files have in common. `file` has `byteCount` zeros.
    func write(_ tree: borrowing WorkingTree, to file: UnsafeMutableRawBufferPointer) {
        guard let start = file.baseAddress else { return }
        writeLayers(to: start + layersStart)
        let heap = start + heapStart
        var heapEnd = TreeFormat.heapStart
        for set in attributeSets.sets {
            store(UInt32(set.count), heap + heapEnd)
            copy(set, to: heap + heapEnd + 4)
            heapEnd += 4 + set.count
        }
        for (position, name) in order.names.enumerated() {
            let record = start + namesStart + position * TreeFormat.Name.byteCount
            let text = tree.text(name)
            store(UInt32(heapEnd), record + TreeFormat.Name.text)
            store(order.positions[Int(tree.names[Int(name)].inode)], record + TreeFormat.Name.inode)
            (heap + heapEnd).storeBytes(of: UInt8(text.count), as: UInt8.self)
            copy(text, to: heap + heapEnd + 1)
            heapEnd += 1 + text.count
        }
        let blocks = writeInodes(tree, to: start, heapEnd: heapEnd)

        typealias Header = TreeFormat.Header
        store(UInt32(order.inodes.count), start + Header.inodeCount)
        store(UInt32(order.names.count), start + Header.nameCount)
        store(UInt32(extentCount), start + Header.extentCount)
        store(UInt32(layers.count), start + Header.layerCount)
        store(UInt64(file.count - heapStart), start + Header.heapByteCount)
        store(blocks &* 512, start + Header.contentByteCount)
        store(UInt32(attributeSets.sets.isEmpty ? 0 : 1), start + Header.hasExtendedAttributes)
    }

    private func writeLayers(to target: UnsafeMutableRawPointer) {
        for (number, layer) in layers.enumerated() {
            let record = target + number * TreeFormat.Layer.byteCount
            layer.diffID.bytes.withUnsafeBytes { copy($0, to: record + TreeFormat.Layer.diffID) }
            store(layer.byteCount, record + TreeFormat.Layer.archiveByteCount)
        }
    }

    /// Returns the blocks of all inodes together.
    private func writeInodes(
        _ tree: borrowing WorkingTree, to start: UnsafeMutableRawPointer, heapEnd: Int
    ) -> UInt64 {
        var content = InodeContent(extents: start + extentsStart, heap: start + heapStart, heapEnd: heapEnd)
        var nextDirectory = 0
        var blocks: UInt64 = 0
        for (position, inode) in order.inodes.enumerated() {
            let record = start + TreeFormat.Header.byteCount + position * TreeFormat.Inode.byteCount
            let source = tree.inodes[Int(inode)]
            let isDirectory =
                nextDirectory < order.directories.count && Int(order.directories[nextDirectory].inode) == position
            store(order.nameCounts[position], record + TreeFormat.Inode.linkCount)
            if source.isImplied {
                store(UInt16(S_IFDIR | 0o755), record + TreeFormat.Inode.mode)
            } else {
                let index = layers[Int(source.layer)]
                let entry = index[Int(source.entry)]
                writeAttributes(of: entry, layer: Int(source.layer), to: record)
                if !isDirectory { blocks &+= content.write(entry, of: index, layer: source.layer, to: record) }
            }
            if isDirectory {
                writeDirectory(order.directories[nextDirectory], to: record)
                nextDirectory += 1
                blocks &+= TreeFormat.directoryBlocks512
            }
        }
        return blocks
    }

    private func writeAttributes(of entry: LayerEntry, layer: Int, to record: UnsafeMutableRawPointer) {
        typealias Field = TreeFormat.Inode
        store(UInt16(entry.kind.fileType) | entry.shownPermissions, record + Field.mode)
        store(entry.userID, record + Field.userID)
        store(entry.groupID, record + Field.groupID)
        store(UInt64(bitPattern: entry.modificationSeconds), record + Field.modificationSeconds)
        store(entry.modificationNanoseconds, record + Field.modificationNanoseconds)
        store(attributeSets.offset(entry.attributeSet, ofLayer: layer), record + Field.attributes)
    }

    private func writeDirectory(_ directory: TreeOrder.Directory, to record: UnsafeMutableRawPointer) {
        typealias Field = TreeFormat.Inode
        record.storeBytes(of: LayerEntry.Kind.directory.rawValue, toByteOffset: Field.kind, as: UInt8.self)
        // Its name in its parent, its own "." and a ".." in each subdirectory.
        store(2 + directory.subdirectoryCount, record + Field.linkCount)
        store(TreeFormat.directoryByteCount, record + Field.size)
        store(TreeFormat.directoryBlocks512, record + Field.blocks512)
        store(UInt64(directory.firstName) | UInt64(directory.nameCount) << 32, record + Field.payload)
        store(directory.parent, record + Field.parent)
    }
}

extension LayerEntry {
    /// Linux gives every symbolic link the same permissions, whatever the archive says.
    fileprivate var shownPermissions: UInt16 { kind == .symbolicLink ? 0o777 : mode }
}

func store<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, _ target: UnsafeMutableRawPointer) {
    target.storeBytes(of: number.littleEndian, as: Number.self)
}

func copy(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) {
    if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
}
