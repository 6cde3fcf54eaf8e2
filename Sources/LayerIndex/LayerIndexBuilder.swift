public import OCI
public import Tar

/// Collects the entries of a layer, in the order of its archive, while the layer streams through.
///
/// After an error the builder is only good for being thrown away.
public struct LayerIndexBuilder: ~Copyable {
    /// Entries so far, without those that are ignored.
    public private(set) var entryCount = 0

    private let limits: LayerLimits
    private var entries = SectionBuffer()
    private var extents = SectionBuffer()
    private var directories = InternTable()
    private var attributeSets = InternTable()
    private var heap = SectionBuffer()
    private var path = EntryPath()
    private var linkTarget = EntryPath()
    private var encodedAttributes: [UInt8] = []
    /// Archives list a directory's files one after the other: this spares most searches in `directories`.
    private var lastDirectory = 0

    public init(limits: LayerLimits = LayerLimits()) {
        var limits = limits
        // What the format's fields hold, with room for one more entry.
        limits.maximumNameByteCount = min(limits.maximumNameByteCount, Int(UInt8.max))
        limits.maximumEntryCount = min(limits.maximumEntryCount, Int(UInt32.max) - 1)
        limits.maximumIndexByteCount = min(limits.maximumIndexByteCount, 1 << 31)
        self.limits = limits
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        // Number 0 is the root, and the set without attributes.
        _ = directories.number(of: empty, heap: &heap)
        _ = attributeSets.number(of: empty, heap: &heap)
    }

    /// Bytes that `finish` would return now.
    public var indexByteCount: Int {
        let sections = entries.byteCount + extents.byteCount + directories.byteCount + attributeSets.byteCount
        return LayerIndexFormat.Header.byteCount + sections + (heap.byteCount + 7) & ~7
    }

    /// Takes the next entry. Its path is normalised and its whiteout, if it is one, recognised.
    public mutating func add(_ entry: borrowing TarEntry) throws(LayerIndexError) {
        do {
            try path.parse(entry.path, limits: limits)
            if path.role == .ignored { return }
            if path.role == .file { try check(entry) }
            try append(entry)
        } catch {
            let shownPath = String(decoding: entry.path.prefix(256), as: UTF8.self)
            throw .invalidEntry(path: shownPath, archiveOffset: entry.headerOffset, error)
        }
        entryCount += 1
        if entryCount > limits.maximumEntryCount { throw .tooLarge(.entries, limit: limits.maximumEntryCount) }
        if indexByteCount > limits.maximumIndexByteCount {
            throw .tooLarge(.indexBytes, limit: limits.maximumIndexByteCount)
        }
    }

    /// The index file of the layer `diffID`, whose archive has `byteCount` bytes.
    public consuming func finish(diffID: Digest, byteCount: UInt64) -> [UInt8] {
        let total = indexByteCount
        return [UInt8](unsafeUninitializedCapacity: total) { buffer, initializedCount in
            let file = UnsafeMutableRawBufferPointer(buffer)
            write(file, layerByteCount: byteCount)
            LayerIndexFormat.seal.seal(file, identity: diffID)
            initializedCount = total
        }
    }

    private func check(_ entry: borrowing TarEntry) throws(EntryFault) {
        if path.isRoot, entry.kind != .directory { throw .rootIsNotADirectory }
        switch entry.kind {
        case .symbolicLink:
            if entry.linkPath.isEmpty { throw .emptyLinkTarget }
            if entry.linkPath.contains(0) { throw .nulByte }
            if entry.linkPath.count > limits.maximumPathByteCount {
                throw .longPath(limit: limits.maximumPathByteCount)
            }
        case .characterDevice, .blockDevice:
            // Linux: 12 bits and 20 bits.
            if entry.deviceMajor >= 1 << 12 || entry.deviceMinor >= 1 << 20 { throw .deviceOutOfRange }
        case .regular:
            if !Self.areExtentsValid(entry) { throw .invalidExtents }
        case .directory, .hardLink, .fifo: break
        }
    }

    /// In order, apart from each other and inside of the file.
    private static func areExtentsValid(_ entry: borrowing TarEntry) -> Bool {
        var end: UInt64 = 0
        for extent in entry.extents {
            let (next, overflow) = extent.fileOffset.addingReportingOverflow(extent.length)
            let archiveOverflow = extent.archiveOffset.addingReportingOverflow(extent.length).overflow
            if overflow || archiveOverflow || extent.fileOffset < end || next > entry.size { return false }
            end = next
        }
        return entry.size <= UInt64(Int64.max)
    }

    private mutating func append(_ entry: borrowing TarEntry) throws(EntryFault) {
        typealias Field = LayerIndexFormat.Entry
        let (kind, payload) = try kindAndPayload(of: entry)
        let directory = directoryNumber()
        let nameOffset = heap.byteCount
        let name = path.name
        name.withUnsafeBytes { heap.append($0) }

        let isFile = kind != .whiteout && kind != .opaque
        if isFile { try AttributeSet.encode(entry.extendedAttributes, into: &encodedAttributes, limits: limits) }
        let attributeSet = isFile && !encodedAttributes.isEmpty ? attributeSetNumber() : 0

        let record = entries.grow(by: Field.byteCount)
        record.initializeMemory(as: UInt8.self, repeating: 0, count: Field.byteCount)
        record.storeBytes(of: kind.rawValue, toByteOffset: Field.kind, as: UInt8.self)
        record.storeBytes(of: UInt8(truncatingIfNeeded: name.count), toByteOffset: Field.nameByteCount, as: UInt8.self)
        Self.store(directory, at: Field.directory, of: record)
        Self.store(nameOffset, at: Field.nameOffset, of: record)
        record.storeBytes(of: payload.littleEndian, toByteOffset: Field.payload, as: UInt64.self)
        guard isFile, kind != .hardLink else { return }
        record.storeBytes(of: (entry.mode & 0o7777).littleEndian, toByteOffset: Field.mode, as: UInt16.self)
        Self.store(Self.ownerID(entry.userID), at: Field.userID, of: record)
        Self.store(Self.ownerID(entry.groupID), at: Field.groupID, of: record)
        let nanoseconds = min(Int(entry.modificationNanoseconds), 999_999_999)
        Self.store(nanoseconds, at: Field.modificationNanoseconds, of: record)
        record.storeBytes(
            of: entry.modificationSeconds.littleEndian, toByteOffset: Field.modificationSeconds, as: Int64.self)
        let size = entry.kind == .regular ? entry.size : 0
        record.storeBytes(of: size.littleEndian, toByteOffset: Field.size, as: UInt64.self)
        Self.store(attributeSet, at: Field.attributeSet, of: record)
    }

    /// (uid_t)-1 tells chown(2) to change nothing: what unpacks an archive as root leaves such a file to root.
    private static func ownerID(_ id: UInt32) -> Int { id == .max ? 0 : Int(id) }

    private static func store(_ value: Int, at offset: Int, of record: UnsafeMutableRawPointer) {
        record.storeBytes(of: UInt32(value).littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    private mutating func kindAndPayload(
        of entry: borrowing TarEntry
    ) throws(EntryFault) -> (kind: LayerEntry.Kind, payload: UInt64) {
        switch path.role {
        case .whiteout: return (.whiteout, 0)
        case .opaque: return (.opaque, 0)
        case .file, .ignored: break
        }
        switch entry.kind {
        case .directory: return (.directory, 0)
        case .fifo: return (.fifo, 0)
        case .regular: return contentPayload(of: entry)
        case .symbolicLink: return (.symbolicLink, entry.linkPath.withUnsafeBytes { heapPayload($0) })
        case .hardLink:
            if entry.linkPath.isEmpty { throw .emptyLinkTarget }
            try linkTarget.normalize(entry.linkPath, limits: limits)
            return (.hardLink, linkTarget.bytes.withUnsafeBytes { heapPayload($0) })
        case .characterDevice: return (.characterDevice, UInt64(entry.deviceMajor) << 32 | UInt64(entry.deviceMinor))
        case .blockDevice: return (.blockDevice, UInt64(entry.deviceMajor) << 32 | UInt64(entry.deviceMinor))
        }
    }

    private mutating func heapPayload(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        defer { heap.append(bytes) }
        return UInt64(heap.byteCount) | UInt64(bytes.count) << 32
    }

    private mutating func contentPayload(of entry: borrowing TarEntry) -> (LayerEntry.Kind, UInt64) {
        if entry.size == 0 { return (.regular, 0) }
        if entry.extents.count == 1, entry.extents[0].fileOffset == 0, entry.extents[0].length == entry.size {
            return (.regular, entry.extents[0].archiveOffset)
        }
        let first = extents.byteCount / LayerIndexFormat.extentByteCount
        for extent in entry.extents where extent.length > 0 {
            extents.append(extent.fileOffset)
            extents.append(extent.archiveOffset)
            extents.append(extent.length)
        }
        let count = extents.byteCount / LayerIndexFormat.extentByteCount - first
        return (.sparse, UInt64(first) | UInt64(count) << 32)
    }

    private mutating func directoryNumber() -> Int {
        let wanted = path.directory
        return wanted.withUnsafeBytes { wanted in
            if !directories.text(lastDirectory, in: heap).elementsEqual(wanted) {
                lastDirectory = directories.number(of: wanted, heap: &heap)
            }
            return lastDirectory
        }
    }

    private mutating func attributeSetNumber() -> Int {
        let encoded = encodedAttributes
        return encoded.withUnsafeBytes { attributeSets.number(of: $0, heap: &heap) }
    }

    private mutating func write(_ file: UnsafeMutableRawBufferPointer, layerByteCount: UInt64) {
        typealias Header = LayerIndexFormat.Header
        guard var target = file.baseAddress else { return }
        let header = target
        header.storeBytes(of: layerByteCount.littleEndian, toByteOffset: Header.layerByteCount, as: UInt64.self)
        Self.store(entryCount, at: Header.entryCount, of: header)
        Self.store(extents.byteCount / LayerIndexFormat.extentByteCount, at: Header.extentCount, of: header)
        Self.store(directories.count, at: Header.directoryCount, of: header)
        Self.store(attributeSets.count, at: Header.attributeSetCount, of: header)
        while heap.byteCount % 8 != 0 { heap.grow(by: 1).storeBytes(of: 0, as: UInt8.self) }
        header.storeBytes(of: UInt64(heap.byteCount).littleEndian, toByteOffset: Header.heapByteCount, as: UInt64.self)
        target += Header.byteCount

        let sizes = (entries.byteCount, extents.byteCount, directories.byteCount, attributeSets.byteCount)
        entries.moveOut(to: target)
        target += sizes.0
        extents.moveOut(to: target)
        target += sizes.1
        directories.moveRecordsOut(to: target)
        target += sizes.2
        attributeSets.moveRecordsOut(to: target)
        target += sizes.3
        heap.moveOut(to: target)
    }
}
