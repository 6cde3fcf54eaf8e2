/// What follows a member's header block.
struct StoredContent {
    enum Form {
        /// A file's content, whole.
        case file
        /// A file's extents; extension blocks with more of the map may come first.
        case sparse(Extension?)
        /// A file's extents behind a map in text.
        case sparseText
        /// Bytes that belong to no file.
        case ignored
        /// The same, or nothing at all: writers disagree, and only the next block tells.
        case uncertain
    }

    /// Blocks with 21 more extents each; they say themselves whether another one follows.
    enum Extension {
        case gnu
        case star
    }

    var form: Form
    /// Bytes in the archive without padding.
    var byteCount: UInt64
}

extension TarEntry {
    /// Fills in everything but the extents from the header block and the extended headers before it.
    mutating func fill(
        from header: HeaderBlock, _ extended: ExtendedHeaders, sparseMap: inout SparseMap,
        limits: TarLimits
    ) throws(TarError.Reason) -> StoredContent {
        let attributes = try extended.attributes(limits: limits)
        let sparseFormat = attributes?.sparse.format
        let storedByteCount = try Self.size(attributes?.size, or: header.size, .size)
        kind = Self.kind(ofTypeFlag: header.typeFlag)
        try fillPath(from: header, extended, attributes, isSparse: sparseFormat != nil, limits: limits)
        try fillLinkPath(from: header, extended, attributes, limits: limits)
        try fillNumbers(from: header, attributes)
        extendedAttributes = attributes?.extendedAttributes.attributes ?? []
        // The BSD rule for files of old tars: a name with a slash at its end is a directory's.
        if kind == .regular, path.last == UInt8(ascii: "/"), sparseFormat == nil { kind = .directory }
        size = 0
        extents.removeAll(keepingCapacity: true)
        guard !path.isEmpty || kind == .directory else { throw .emptyPath }

        if header.typeFlag == UInt8(ascii: "S") {
            guard kind == .regular else { throw .malformedSparseMap }
            return try fillSparse(from: header, attributes, &sparseMap, storedByteCount, limits: limits)
        }
        if let attributes, let sparseFormat {
            guard kind == .regular else { throw .malformedSparseMap }
            return try fillSparse(from: attributes.sparse, sparseFormat, &sparseMap, storedByteCount, limits: limits)
        }
        if kind == .regular {
            size = storedByteCount
            return StoredContent(form: .file, byteCount: storedByteCount)
        }
        let isCertain = attributes?.size != nil || storedByteCount == 0 || !Self.isHeaderOnly(header.typeFlag)
        return StoredContent(form: isCertain ? .ignored : .uncertain, byteCount: storedByteCount)
    }

    /// Type flags that are not known mean a regular file, says POSIX.
    private static func kind(ofTypeFlag flag: UInt8) -> Kind {
        switch flag {
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        // "D" is GNU tar's directory with a list of its names as content.
        case UInt8(ascii: "5"), UInt8(ascii: "D"): .directory
        case UInt8(ascii: "6"): .fifo
        default: .regular
        }
    }

    /// Members for which most readers expect no content even when the header block gives a size. A type flag of NUL is
    /// one of them where the name makes a directory of the file.
    private static func isHeaderOnly(_ flag: UInt8) -> Bool {
        flag == 0 || flag >= UInt8(ascii: "1") && flag <= UInt8(ascii: "6")
    }

    private mutating func fillPath(
        from header: HeaderBlock, _ extended: ExtendedHeaders, _ attributes: PAXAttributes?,
        isSparse: Bool, limits: TarLimits
    ) throws(TarError.Reason) {
        if isSparse, let name = attributes?.sparse.name {
            path = name
        } else if !extended.longName.isEmpty {
            path = extended.longName
        } else if let name = attributes?.path {
            path = name
        } else {
            path.removeAll(keepingCapacity: true)
            let prefix = header.prefix
            if !prefix.isEmpty {
                path.append(contentsOf: prefix)
                path.append(UInt8(ascii: "/"))
            }
            path.append(contentsOf: header.name)
        }
        guard path.count <= limits.maxPathBytes else { throw .pathTooLong(limit: limits.maxPathBytes) }
    }

    private mutating func fillLinkPath(
        from header: HeaderBlock, _ extended: ExtendedHeaders, _ attributes: PAXAttributes?,
        limits: TarLimits
    ) throws(TarError.Reason) {
        linkPath.removeAll(keepingCapacity: true)
        guard kind == .symbolicLink || kind == .hardLink else { return }
        if !extended.longLinkName.isEmpty {
            linkPath = extended.longLinkName
        } else if let name = attributes?.linkPath {
            linkPath = name
        } else {
            linkPath.append(contentsOf: header.linkName)
        }
        guard !linkPath.isEmpty else { throw .emptyLinkPath }
        guard linkPath.count <= limits.maxPathBytes else { throw .pathTooLong(limit: limits.maxPathBytes) }
    }

    private mutating func fillNumbers(
        from header: HeaderBlock, _ attributes: PAXAttributes?
    ) throws(TarError.Reason) {
        // Some writers put the file type above the permission bits.
        mode = UInt16(truncatingIfNeeded: try Self.number(header.mode, .mode) & 0o7777)
        userID = try Self.number(attributes?.userID, or: header.userID, .userID)
        groupID = try Self.number(attributes?.groupID, or: header.groupID, .groupID)
        if let time = attributes?.modificationTime {
            modificationSeconds = time.seconds
            modificationNanoseconds = time.nanoseconds
        } else {
            modificationSeconds = try Self.number(header.modificationTime, .modificationTime)
            modificationNanoseconds = 0
        }
        let isDevice = kind == .characterDevice || kind == .blockDevice
        deviceMajor = try Self.number(isDevice ? nil : 0, or: header.deviceMajor, .deviceMajor)
        deviceMinor = try Self.number(isDevice ? nil : 0, or: header.deviceMinor, .deviceMinor)
    }

    static func number(
        _ field: UnsafeRawBufferPointer, _ name: TarError.Field
    ) throws(TarError.Reason) -> Int64 {
        do {
            return try NumericField.value(of: field)
        } catch {
            throw TarError.Reason(error, in: name)
        }
    }

    static func size(
        _ override: UInt64? = nil, or field: UnsafeRawBufferPointer, _ name: TarError.Field
    ) throws(TarError.Reason) -> UInt64 {
        if let override { return override }
        guard let size = UInt64(exactly: try number(field, name)) else { throw .numberOutOfRange(name) }
        return size
    }

    private static func number(
        _ override: UInt32?, or field: UnsafeRawBufferPointer, _ name: TarError.Field
    ) throws(TarError.Reason) -> UInt32 {
        if let override { return override }
        guard let number = UInt32(exactly: try number(field, name)) else { throw .numberOutOfRange(name) }
        return number
    }
}
