/// Where things stand in a layer index. docs/store-format.md, "Layer index", describes the file.
enum LayerIndexFormat {
    static let seal = SealedFile(magic: "imgfsLIX", version: 1)

    enum Header {
        static let layerByteCount = 64
        static let entryCount = 72
        static let extentCount = 76
        static let directoryCount = 80
        static let attributeSetCount = 84
        static let heapByteCount = 88
        static let byteCount = 96
    }

    enum Entry {
        static let kind = 0
        static let nameByteCount = 1
        static let mode = 2
        static let userID = 4
        static let groupID = 8
        static let modificationNanoseconds = 12
        static let modificationSeconds = 16
        static let size = 24
        static let directory = 32
        static let nameOffset = 36
        /// Plain file: offset of the content in the archive. Sparse file: first extent (low half) and count (high half).
        /// Link: offset in the heap (low) and length (high) of the target. Device: minor (low) and major (high).
        static let payload = 40
        static let attributeSet = 48
        static let reserved = 52
        static let byteCount = 56
    }

    /// File offset, archive offset, length.
    static let extentByteCount = 24
    /// Offset in the heap and length: a directory's path, or an attribute set.
    static let stringByteCount = 8
}
