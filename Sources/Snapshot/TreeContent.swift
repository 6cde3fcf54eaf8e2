internal import LayerIndex

// Where the bytes of regular files are.
extension Tree {
    /// A run of a file's content.
    public enum Piece: Equatable, Sendable {
        /// `length` zeros.
        case hole(length: Int)
        /// `length` bytes at `offset` in the archive of layer number `layer`.
        case data(layer: Int, offset: UInt64, length: Int)
    }

    /// Calls `body` with what the bytes of `node` from `offset` on consist of, in order, until `length` bytes or the end
    /// of the file are reached, or `body` returns false. What is no regular file has no pieces.
    public func forEachPiece(of node: UInt64, offset: UInt64, length: Int, _ body: (Piece) -> Bool) {
        guard let inode = sections.inode(node), offset < inode.size, length > 0 else { return }
        let end = offset + min(inode.size - offset, UInt64(length))
        switch inode.kind {
        case .regular:
            _ = body(.data(layer: Int(inode.layer), offset: inode.payload + offset, length: Int(end - offset)))
        case .sparse: forEachPiece(ofSparse: inode, from: offset, to: end, body)
        default: return
        }
    }

    private func forEachPiece(ofSparse inode: TreeInode, from offset: UInt64, to end: UInt64, _ body: (Piece) -> Bool) {
        var at = offset
        var position = firstExtent(of: inode, endingAfter: offset)
        let endPosition = Int(inode.low) + Int(inode.high)
        while at < end {
            guard position < endPosition else {
                _ = body(.hole(length: Int(end - at)))
                return
            }
            let extent = sections.extent(position)
            if at < extent.fileOffset {
                let holeEnd = min(extent.fileOffset, end)
                guard body(.hole(length: Int(holeEnd - at))) else { return }
                at = holeEnd
            } else {
                let dataEnd = min(extent.fileOffset + extent.length, end)
                let archiveOffset = extent.archiveOffset + (at - extent.fileOffset)
                guard body(.data(layer: Int(inode.layer), offset: archiveOffset, length: Int(dataEnd - at))) else {
                    return
                }
                at = dataEnd
                position += 1
            }
        }
    }

    /// lseek(2), SEEK_DATA: the first offset from `offset` on that is not in a hole. nil, which is ENXIO, when there is none,
    /// or when `node` is no regular file.
    public func nextData(of node: UInt64, from offset: UInt64) -> UInt64? {
        guard let inode = sections.inode(node), offset < inode.size else { return nil }
        switch inode.kind {
        case .regular: return offset
        case .sparse:
            let position = firstExtent(of: inode, endingAfter: offset)
            guard position < Int(inode.low) + Int(inode.high) else { return nil }
            return max(offset, sections.extent(position).fileOffset)
        default: return nil
        }
    }

    /// lseek(2), SEEK_HOLE: the first offset from `offset` on that is in a hole; the end of a file counts as one. nil, which
    /// is ENXIO, when `offset` is not in the file, or when `node` is no regular file.
    public func nextHole(of node: UInt64, from offset: UInt64) -> UInt64? {
        guard let inode = sections.inode(node), offset < inode.size else { return nil }
        switch inode.kind {
        case .regular: return inode.size
        case .sparse:
            var at = offset
            var position = firstExtent(of: inode, endingAfter: offset)
            let endPosition = Int(inode.low) + Int(inode.high)
            while position < endPosition {
                let extent = sections.extent(position)
                if at < extent.fileOffset { break }
                at = extent.fileOffset + extent.length
                position += 1
            }
            return at
        default: return nil
        }
    }

    /// A binary search for the first extent that ends after `offset`; one past the last when none does.
    private func firstExtent(of inode: TreeInode, endingAfter offset: UInt64) -> Int {
        var low = Int(inode.low)
        var high = low + Int(inode.high)
        while low < high {
            let middle = (low + high) / 2
            let extent = sections.extent(middle)
            if extent.fileOffset + extent.length <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
