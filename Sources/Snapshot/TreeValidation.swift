internal import Glibc
internal import LayerIndex

// Every record of a tree file is checked once, so that accessors need not. The checksum finds damage; this keeps even a
// file whose checksum is right from leading anybody astray.
extension TreeSections {
    func validate() throws(TreeFault) {
        var walk = DirectoryWalk()
        var checkedAttributes: Set<UInt32> = []
        var lastAttributes: UInt32 = 0
        var nextExtent = 0
        for position in 0..<inodeCount {
            let inode = inode(at: position)
            guard let kind = inode.kind, isContentValid(inode, kind), inode.modificationNanoseconds < 1_000_000_000
            else {
                throw TreeFault("inode \(position) is damaged")
            }
            if kind == .sparse {
                // Extents follow one another as their files do: none is looked at twice.
                guard Int(inode.low) == nextExtent else {
                    throw TreeFault("the extents of inode \(position) are damaged")
                }
                nextExtent += Int(inode.high)
            }
            // Inodes with the same attributes come in runs, but they need not.
            if inode.attributes != 0, inode.attributes != lastAttributes, !checkedAttributes.contains(inode.attributes)
            {
                guard isAttributeSetValid(Int(inode.attributes)) else {
                    throw TreeFault("the extended attributes of inode \(position) are damaged")
                }
                checkedAttributes.insert(inode.attributes)
            }
            lastAttributes = inode.attributes
            if kind == .directory, !isDirectoryValid(inode, at: position, &walk) {
                throw TreeFault("directory \(position) is damaged")
            }
        }
        guard inode(at: 0).kind == .directory, inode(at: 0).parent == 0, walk.nameCount == nameCount else {
            throw TreeFault("its directories are damaged")
        }
        guard walk.visitedCount == walk.namedCount + 1 else { throw TreeFault("it has directories without a name") }
    }

    /// Directories are stored breadth first: their names follow one another, and so do the directories among them.
    private struct DirectoryWalk {
        /// Names of the directories so far.
        var nameCount = 0
        /// The last directory that a name led to; the root needs none.
        var lastDirectory = 0
        /// Directories that a name led to. Each has one name: they come in the order of their positions.
        var namedCount = 0
        /// Directories that were looked at.
        var visitedCount = 0
    }

    private func isDirectoryValid(_ inode: TreeInode, at position: Int, _ walk: inout DirectoryWalk) -> Bool {
        guard
            Int(inode.low) == walk.nameCount, walk.nameCount + Int(inode.high) <= nameCount,
            position <= walk.lastDirectory
        else { return false }
        walk.visitedCount += 1
        var previous: UnsafeRawBufferPointer?
        for number in walk.nameCount..<walk.nameCount + Int(inode.high) {
            guard isTextInHeap(number) else { return false }
            let name = name(number)
            guard isFileName(name.text), Int(name.inode) < inodeCount, name.inode != 0 else { return false }
            if let previous, compareNames(previous, name.text) >= 0 { return false }
            previous = name.text
            let child = self.inode(at: Int(name.inode))
            if child.kind == .directory {
                guard Int(name.inode) > walk.lastDirectory, Int(child.parent) == position else { return false }
                walk.lastDirectory = Int(name.inode)
                walk.namedCount += 1
            }
        }
        walk.nameCount += Int(inode.high)
        return true
    }

    private func isTextInHeap(_ number: Int) -> Bool {
        let offset = textOffset(ofName: number)
        return offset < heapByteCount && offset + 1 + name(number).text.count <= heapByteCount
    }

    private func isFileName(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = text.first else { return false }
        let dot = UInt8(ascii: ".")
        if first == dot, text.count == 1 || text.count == 2 && text[1] == dot { return false }
        return text.allSatisfy { $0 != 0 && $0 != UInt8(ascii: "/") }
    }

    private func isAttributeSetValid(_ offset: Int) -> Bool {
        guard offset + 4 <= heapByteCount, offset + 4 + heapNumber(offset) <= heapByteCount else { return false }
        return !attributeSet(offset).bytes.isEmpty && AttributeSet.isValid(attributeSet(offset).bytes)
    }

    private func isContentValid(_ inode: TreeInode, _ kind: LayerEntry.Kind) -> Bool {
        let (low, high) = (Int(inode.low), Int(inode.high))
        guard inode.mode & ~0o7777 == kind.fileType else { return false }
        switch kind {
        case .regular:
            guard Int(inode.layer) < layerCount, inode.size <= UInt64(Int64.max) else { return false }
            let (end, overflow) = inode.payload.addingReportingOverflow(inode.size)
            return inode.size == 0 || !overflow && end <= archiveByteCount(ofLayer: Int(inode.layer))
        case .sparse:
            guard Int(inode.layer) < layerCount, inode.size <= UInt64(Int64.max), low + high <= extentCount else {
                return false
            }
            return areExtentsValid(low..<low + high, of: inode)
        case .symbolicLink:
            return high > 0 && high < 4096 && low + high <= heapByteCount && inode.size == UInt64(high)
                && !heapBytes(low, high).contains(0)
        case .characterDevice, .blockDevice: return inode.high < 1 << 12 && inode.low < 1 << 20
        case .fifo: return inode.payload == 0
        // The names are checked with the directory.
        case .directory: return true
        case .hardLink, .whiteout, .opaque: return false
        }
    }

    private func areExtentsValid(_ positions: Range<Int>, of inode: TreeInode) -> Bool {
        let archiveByteCount = archiveByteCount(ofLayer: Int(inode.layer))
        var end: UInt64 = 0
        for position in positions {
            let extent = extent(position)
            let (next, overflow) = extent.fileOffset.addingReportingOverflow(extent.length)
            let (archiveEnd, archiveOverflow) = extent.archiveOffset.addingReportingOverflow(extent.length)
            guard
                !overflow, !archiveOverflow, extent.length > 0, extent.fileOffset >= end, next <= inode.size,
                archiveEnd <= archiveByteCount
            else { return false }
            end = next
        }
        return true
    }
}

extension LayerEntry.Kind {
    /// The bits of S_IFMT; 0 for what is no inode.
    var fileType: UInt32 {
        switch self {
        case .directory: S_IFDIR
        case .symbolicLink: S_IFLNK
        case .characterDevice: S_IFCHR
        case .blockDevice: S_IFBLK
        case .fifo: S_IFIFO
        case .regular, .sparse: S_IFREG
        case .hardLink, .whiteout, .opaque: 0
        }
    }
}
