extension TarEntry {
    /// A sparse file of type "S". GNU tar and star share the type flag and have their maps in different places.
    mutating func fillSparse(
        from header: HeaderBlock, _ attributes: PAXAttributes?, _ map: inout SparseMap,
        _ storedByteCount: UInt64, limits: TarLimits
    ) throws(TarError.Reason) -> StoredContent {
        let more: StoredContent.Extension?
        switch header.dialect {
        case .gnu:
            map = SparseMap(size: try Self.size(or: header.field(483, 12), .realSize))
            try map.append(pairs: header.field(386, 4 * 24), limits: limits)
            more = header.field(482, 1)[0] != 0 ? .gnu : nil
        case .star:
            let realSize = attributes?.sparse.starRealSize.flatMap { UInt64(exactly: $0) }
            map = SparseMap(size: try Self.size(realSize, or: header.field(452, 12), .realSize))
            // Old star has four extents here; xstar has all of them in extension blocks, and its prefix in this place.
            if header.field(345, 1)[0] == 0, header.field(366, 1)[0] != 0 {
                try map.append(pairs: header.field(356, 4 * 24), limits: limits)
                more = header.field(355, 1)[0] != 0 ? .star : nil
            } else {
                more = .star
            }
        case .v7, .ustar:
            throw .malformedSparseMap
        }
        size = map.size
        return StoredContent(form: .sparse(more), byteCount: storedByteCount)
    }

    /// A sparse file of a PAX archive.
    mutating func fillSparse(
        from records: PAXSparse, _ format: PAXSparse.Format, _ map: inout SparseMap,
        _ storedByteCount: UInt64, limits: TarLimits
    ) throws(TarError.Reason) -> StoredContent {
        map = SparseMap(size: records.realSize.flatMap { UInt64(exactly: $0) } ?? storedByteCount)
        size = map.size
        switch format {
        case .text:
            return StoredContent(form: .sparseText, byteCount: storedByteCount)
        case .records:
            guard records.map.count.isMultiple(of: 2) else { throw .malformedSparseMap }
            for position in stride(from: 0, to: records.map.count, by: 2) {
                try map.append(offset: records.map[position], length: records.map[position + 1], limits: limits)
            }
            return StoredContent(form: .sparse(nil), byteCount: storedByteCount)
        }
    }
}
