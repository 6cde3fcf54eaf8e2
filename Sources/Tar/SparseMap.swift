/// The extents of a sparse file while its map is read. Stored bytes follow one another in the order of the map.
struct SparseMap {
    /// `archiveOffset` counts from the first stored byte until `place` is called.
    private(set) var extents: [TarEntry.Extent] = []
    private var end: UInt64 = 0
    private var storedByteCount: UInt64 = 0
    /// Bytes of the file with its holes.
    let size: UInt64

    init(size: UInt64) {
        self.size = size
    }

    /// Appends a run of data, which must lie behind all earlier ones and inside the file.
    mutating func append(offset: Int64, length: Int64, limits: TarLimits) throws(TarError.Reason) {
        guard let offset = UInt64(exactly: offset), let length = UInt64(exactly: length) else {
            throw .malformedSparseMap
        }
        // Both are below 2^63, so their sum fits.
        guard offset >= end, offset + length <= size else { throw .malformedSparseMap }
        end = offset + length
        // GNU tar marks the end of the file with an extent without bytes.
        guard length > 0 else { return }
        if let last = extents.last, last.fileOffset + last.length == offset {
            extents[extents.count - 1].length += length
        } else {
            guard extents.count < limits.maxSparseExtents else {
                throw .tooManySparseExtents(limit: limits.maxSparseExtents)
            }
            extents.append(TarEntry.Extent(fileOffset: offset, archiveOffset: storedByteCount, length: length))
        }
        storedByteCount += length
    }

    /// Says where the stored bytes begin and how many there are; `archiveOffset` plus their number fits into 63 bits.
    mutating func place(at archiveOffset: UInt64, storedByteCount available: UInt64) throws(TarError.Reason) {
        guard storedByteCount <= available else { throw .malformedSparseMap }
        for position in extents.indices { extents[position].archiveOffset += archiveOffset }
    }
}

extension SparseMap {
    /// Extents as header blocks have them: pairs of offset and length, 12 bytes each, up to an empty field or the end.
    mutating func append(pairs: UnsafeRawBufferPointer, limits: TarLimits) throws(TarError.Reason) {
        for start in stride(from: 0, to: pairs.count, by: 24) {
            let offset = UnsafeRawBufferPointer(rebasing: pairs[start..<start + 12])
            let length = UnsafeRawBufferPointer(rebasing: pairs[start + 12..<start + 24])
            guard offset[0] != 0, length[0] != 0 else { return }
            try append(
                offset: try TarEntry.number(offset, .sparseOffset),
                length: try TarEntry.number(length, .sparseLength), limits: limits)
        }
    }
}
