internal import OCI

/// The sections of an index file, and the check that nothing in them points outside.
struct LayerIndexSections: @unchecked Sendable {
    struct Fault: Error {
        var reason: String
    }

    let layerByteCount: UInt64
    let entryCount: Int
    let extentCount: Int
    let directoryCount: Int
    let attributeSetCount: Int
    let heapByteCount: Int
    let entries: UnsafeRawPointer
    let extents: UnsafeRawPointer
    let directories: UnsafeRawPointer
    let attributeSets: UnsafeRawPointer
    let heap: UnsafeRawPointer

    init(validating file: UnsafeRawBufferPointer, diffID: Digest) throws(Fault) {
        if let reason = LayerIndexFormat.seal.fault(in: file, identity: diffID) { throw Fault(reason: reason) }
        typealias Header = LayerIndexFormat.Header
        guard let start = file.baseAddress, file.count >= Header.byteCount else {
            throw Fault(reason: "it is too short")
        }
        func number(_ offset: Int) -> Int { Int(Self.load(start, offset, UInt32.self)) }
        layerByteCount = Self.load(start, Header.layerByteCount, UInt64.self)
        entryCount = number(Header.entryCount)
        extentCount = number(Header.extentCount)
        directoryCount = number(Header.directoryCount)
        attributeSetCount = number(Header.attributeSetCount)
        let heapLength = Self.load(start, Header.heapByteCount, UInt64.self)
        // Counts have 32 bits: none of these sums can overflow.
        let extentsStart = Header.byteCount + entryCount * LayerIndexFormat.Entry.byteCount
        let directoriesStart = extentsStart + extentCount * LayerIndexFormat.extentByteCount
        let attributeSetsStart = directoriesStart + directoryCount * LayerIndexFormat.stringByteCount
        let heapStart = attributeSetsStart + attributeSetCount * LayerIndexFormat.stringByteCount
        guard
            heapStart <= file.count, heapLength == UInt64(file.count - heapStart), heapLength < 1 << 32,
            directoryCount > 0, attributeSetCount > 0, layerByteCount <= UInt64(Int64.max)
        else { throw Fault(reason: "its sections do not fit") }
        heapByteCount = Int(heapLength)
        entries = start + Header.byteCount
        extents = start + extentsStart
        directories = start + directoriesStart
        attributeSets = start + attributeSetsStart
        heap = start + heapStart

        for position in 0..<directoryCount where !isDirectoryValid(position) {
            throw Fault(reason: "directory \(position) is damaged")
        }
        for position in 0..<attributeSetCount where !isAttributeSetValid(position) {
            throw Fault(reason: "attribute set \(position) is damaged")
        }
        var nextExtent = 0
        for position in 0..<entryCount {
            guard isEntryValid(position) else { throw Fault(reason: "entry \(position) is damaged") }
            // Extents follow one another as their files do: none is looked at twice.
            let entry = entry(position)
            if entry.kind == .sparse {
                guard entry.extents.lowerBound == nextExtent else {
                    throw Fault(reason: "the extents of entry \(position) are damaged")
                }
                nextExtent = entry.extents.upperBound
            }
        }
    }

    func entry(_ position: Int) -> LayerEntry {
        typealias Field = LayerIndexFormat.Entry
        let record = entries + position * Field.byteCount
        guard let kind = LayerEntry.Kind(rawValue: record.load(fromByteOffset: Field.kind, as: UInt8.self)) else {
            preconditionFailure("kinds were checked when the index was opened")
        }
        let nameByteCount = Int(record.load(fromByteOffset: Field.nameByteCount, as: UInt8.self))
        let nameOffset = Int(Self.load(record, Field.nameOffset, UInt32.self))
        return LayerEntry(
            kind: kind, directory: Int(Self.load(record, Field.directory, UInt32.self)),
            name: heapBytes(nameOffset, nameByteCount), record: record)
    }

    func extent(_ position: Int) -> (fileOffset: UInt64, archiveOffset: UInt64, length: UInt64) {
        let record = extents + position * LayerIndexFormat.extentByteCount
        return (
            Self.load(record, 0, UInt64.self), Self.load(record, 8, UInt64.self), Self.load(record, 16, UInt64.self)
        )
    }

    func string(_ number: Int, of table: UnsafeRawPointer) -> UnsafeRawBufferPointer {
        let record = table + number * LayerIndexFormat.stringByteCount
        return heapBytes(Int(Self.load(record, 0, UInt32.self)), Int(Self.load(record, 4, UInt32.self)))
    }

    func heapBytes(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: heap + offset, count: count)
    }

    @inline(__always)
    private static func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, _ offset: Int, _ type: Number.Type
    ) -> Number {
        Number(littleEndian: base.load(fromByteOffset: offset, as: type))
    }
}

// Validation.
extension LayerIndexSections {
    /// PATH_MAX
    private static let pathMaximum = 4096

    private func isInHeap(_ offset: Int, _ count: Int) -> Bool { offset + count <= heapByteCount }

    private func checkedString(_ number: Int, of table: UnsafeRawPointer) -> UnsafeRawBufferPointer? {
        let string = string(number, of: table)
        return isInHeap(string.baseAddress.map { $0 - heap } ?? 0, string.count) ? string : nil
    }

    private func isDirectoryValid(_ position: Int) -> Bool {
        guard let path = checkedString(position, of: directories) else { return false }
        return position == 0
            ? path.isEmpty : !path.isEmpty && path.count < Self.pathMaximum && EntryPath.isNormalized(path)
    }

    private func isAttributeSetValid(_ position: Int) -> Bool {
        guard let bytes = checkedString(position, of: attributeSets) else { return false }
        return position == 0 ? bytes.isEmpty : !bytes.isEmpty && AttributeSet.isValid(bytes)
    }

    private func isEntryValid(_ position: Int) -> Bool {
        typealias Field = LayerIndexFormat.Entry
        let record = entries + position * Field.byteCount
        let nameByteCount = Int(record.load(fromByteOffset: Field.nameByteCount, as: UInt8.self))
        guard
            LayerEntry.Kind(rawValue: record.load(fromByteOffset: Field.kind, as: UInt8.self)) != nil,
            isInHeap(Int(Self.load(record, Field.nameOffset, UInt32.self)), nameByteCount)
        else { return false }
        let entry = entry(position)
        guard
            entry.directory < directoryCount, entry.attributeSet < attributeSetCount, entry.mode <= 0o7777,
            entry.modificationNanoseconds < 1_000_000_000
        else { return false }
        return isNameValid(entry) && isPayloadValid(entry)
    }

    private func isNameValid(_ entry: LayerEntry) -> Bool {
        switch entry.kind {
        case .opaque: entry.name.isEmpty
        case .directory where entry.name.isEmpty: entry.directory == 0
        default: EntryPath.isName(entry.name)
        }
    }

    private func isPayloadValid(_ entry: LayerEntry) -> Bool {
        let low = Int(entry.payload & 0xffff_ffff)
        let high = Int(entry.payload >> 32)
        switch entry.kind {
        case .regular:
            let (end, overflow) = entry.archiveOffset.addingReportingOverflow(entry.size)
            return !overflow && (entry.size == 0 || end <= layerByteCount)
        case .sparse:
            guard low + high <= extentCount, entry.size <= UInt64(Int64.max) else { return false }
            return areExtentsValid(entry)
        case .symbolicLink:
            return high > 0 && high < Self.pathMaximum && isInHeap(low, high) && !heapBytes(low, high).contains(0)
        case .hardLink:
            return high < Self.pathMaximum && isInHeap(low, high) && EntryPath.isNormalized(heapBytes(low, high))
        case .characterDevice, .blockDevice:
            return high < 1 << 12 && low < 1 << 20
        case .directory, .fifo, .whiteout, .opaque:
            return entry.payload == 0
        }
    }

    private func areExtentsValid(_ entry: LayerEntry) -> Bool {
        var end: UInt64 = 0
        for position in entry.extents {
            let extent = extent(position)
            let (next, overflow) = extent.fileOffset.addingReportingOverflow(extent.length)
            let (archiveEnd, archiveOverflow) = extent.archiveOffset.addingReportingOverflow(extent.length)
            guard
                !overflow, !archiveOverflow, extent.length > 0, extent.fileOffset >= end, next <= entry.size,
                archiveEnd <= layerByteCount
            else { return false }
            end = next
        }
        return true
    }
}
