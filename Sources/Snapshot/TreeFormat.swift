internal import LayerIndex

/// Where things stand in a tree file. docs/store-format.md, "Tree", describes the file.
enum TreeFormat {
    static let seal = SealedFile(magic: "imgfsTRE", version: 1)

    enum Header {
        static let inodeCount = 64
        static let nameCount = 68
        static let extentCount = 72
        static let layerCount = 76
        static let heapByteCount = 80
        static let contentByteCount = 88
        /// 1 when any inode has extended attributes.
        static let hasExtendedAttributes = 96
        static let byteCount = 128
    }

    /// One cache line each.
    enum Inode {
        /// `LayerEntry.Kind`; never a hard link, a whiteout or an opaque mark.
        static let kind = 0
        static let mode = 2
        static let linkCount = 4
        static let userID = 8
        static let groupID = 12
        static let modificationSeconds = 16
        static let modificationNanoseconds = 24
        /// Regular and sparse files: number of the layer that has the content.
        static let layer = 28
        static let size = 32
        static let blocks512 = 40
        /// Directory: first name (low half) and count (high half). Plain file: offset in the layer's archive. Sparse
        /// file: first extent (low) and count (high). Symbolic link: offset in the heap (low) and length (high).
        /// Device: minor (low) and major (high).
        static let payload = 48
        /// Offset of the attribute set's length in the heap; 0: no attributes.
        static let attributes = 56
        /// Directories: position of the parent's inode; the root's is its own.
        static let parent = 60
        static let byteCount = 64
    }

    enum Name {
        /// Offset in the heap of one byte of length and the bytes of the name.
        static let text = 0
        static let inode = 4
        static let byteCount = 8
    }

    /// File offset, archive offset, length.
    static let extentByteCount = 24

    enum Layer {
        static let diffID = 0
        /// Bytes of the layer's archive.
        static let archiveByteCount = 32
        static let byteCount = 40
    }

    /// The heap begins with 8 zero bytes, so that 0 can mean "nothing" in offsets.
    static let heapStart = 8
    /// What stat(2) shows as a directory's size, and its blocks of 512 bytes.
    static let directoryByteCount: UInt64 = 4096
    static let directoryBlocks512: UInt64 = 8
}
