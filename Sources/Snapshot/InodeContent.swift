internal import LayerIndex

/// Writes what inodes other than directories refer to: extents, targets of links, device numbers.
struct InodeContent {
    let extents: UnsafeMutableRawPointer
    let heap: UnsafeMutableRawPointer
    /// Where the next target of a symbolic link goes.
    var heapEnd: Int
    private var extentCount = 0

    init(extents: UnsafeMutableRawPointer, heap: UnsafeMutableRawPointer, heapEnd: Int) {
        self.extents = extents
        self.heap = heap
        self.heapEnd = heapEnd
    }

    /// Returns the blocks of 512 bytes that the content takes; holes take none.
    mutating func write(
        _ entry: LayerEntry, of index: LayerIndex, layer: UInt32, to record: UnsafeMutableRawPointer
    ) -> UInt64 {
        typealias Field = TreeFormat.Inode
        record.storeBytes(of: entry.kind.rawValue, toByteOffset: Field.kind, as: UInt8.self)
        var size: UInt64 = 0
        var storedByteCount: UInt64 = 0
        var payload: UInt64 = 0
        switch entry.kind {
        case .regular:
            size = entry.size
            storedByteCount = size
            payload = entry.archiveOffset
            store(layer, record + Field.layer)
        case .sparse:
            size = entry.size
            storedByteCount = copyExtents(of: entry, of: index)
            payload = UInt64(extentCount - entry.extents.count) | UInt64(entry.extents.count) << 32
            store(layer, record + Field.layer)
        case .symbolicLink:
            let target = index.linkTarget(of: entry)
            size = UInt64(target.count)
            payload = UInt64(heapEnd) | size << 32
            copy(target, to: heap + heapEnd)
            heapEnd += target.count
        case .characterDevice, .blockDevice:
            payload = UInt64(entry.deviceMajor) << 32 | UInt64(entry.deviceMinor)
        case .fifo, .directory, .hardLink, .whiteout, .opaque: break
        }
        let blocks512 = storedByteCount / 512 + (storedByteCount % 512 == 0 ? 0 : 1)
        store(size, record + Field.size)
        store(blocks512, record + Field.blocks512)
        store(payload, record + Field.payload)
        return blocks512
    }

    private mutating func copyExtents(of entry: LayerEntry, of index: LayerIndex) -> UInt64 {
        var byteCount: UInt64 = 0
        for position in entry.extents {
            let extent = index.extent(position)
            let target = extents + extentCount * TreeFormat.extentByteCount
            store(extent.fileOffset, target)
            store(extent.archiveOffset, target + 8)
            store(extent.length, target + 16)
            extentCount += 1
            byteCount += extent.length
        }
        return byteCount
    }
}
