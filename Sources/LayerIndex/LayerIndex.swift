public import OCI

/// What is in a layer and where: a memory-mapped index file, checked as a whole when it is opened.
///
/// Entries are in the order of the archive. After `init` every offset and length in the file is known to be good, so
/// accessors cannot leave it. Positions that are out of range are a programmer's error and trap.
public final class LayerIndex: Sendable {
    public let diffID: Digest
    public let entryCount: Int
    /// Bytes of the layer's uncompressed archive.
    public let byteCount: UInt64
    /// How many different directories have entries; the root is number 0.
    public let directoryCount: Int
    /// How many different sets of extended attributes there are; number 0 is the empty one.
    public let attributeSetCount: Int

    /// Bytes of the index itself.
    public var indexByteCount: Int { file.bytes.count }

    private let file: LoadedFile
    let sections: LayerIndexSections

    /// Checks magic, version, checksum, digest and every record.
    public init(_ file: LoadedFile, diffID: Digest) throws(LayerIndexError) {
        let sections: LayerIndexSections
        do {
            sections = try LayerIndexSections(validating: file.bytes, diffID: diffID)
        } catch {
            throw .unreadable(diffID: diffID, reason: error.reason)
        }
        self.file = file
        self.sections = sections
        self.diffID = diffID
        entryCount = sections.entryCount
        byteCount = sections.layerByteCount
        directoryCount = sections.directoryCount
        attributeSetCount = sections.attributeSetCount
    }

    /// The entry at `position`, 0 to `entryCount` - 1. Valid as long as this object lives.
    public subscript(position: Int) -> LayerEntry {
        precondition(position >= 0 && position < entryCount, "an entry's position is below the count")
        return sections.entry(position)
    }

    /// The normalised path of directory `number`; empty for the root. Valid as long as this object lives.
    public func directoryPath(_ number: Int) -> UnsafeRawBufferPointer {
        precondition(number >= 0 && number < directoryCount, "a directory's number is below the count")
        return sections.string(number, of: sections.directories)
    }

    /// The set of extended attributes `number`. Valid as long as this object lives.
    public func attributes(_ number: Int) -> AttributeSet {
        precondition(number >= 0 && number < attributeSetCount, "an attribute set's number is below the count")
        return AttributeSet(sections.string(number, of: sections.attributeSets))
    }

    /// Target of a symbolic link as it stands in the archive, or of a hard link, normalised. Empty for other kinds.
    public func linkTarget(of entry: LayerEntry) -> UnsafeRawBufferPointer {
        switch entry.kind {
        case .symbolicLink, .hardLink:
            return sections.heapBytes(Int(entry.payload & 0xffff_ffff), Int(entry.payload >> 32))
        default: return UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    /// The extent at `position`, see `LayerEntry.extents`.
    public func extent(_ position: Int) -> (fileOffset: UInt64, archiveOffset: UInt64, length: UInt64) {
        precondition(position >= 0 && position < sections.extentCount, "an extent's position is below the count")
        return sections.extent(position)
    }

    /// The path of an entry, for messages and tests.
    public func path(of entry: LayerEntry) -> [UInt8] {
        let directory = Array(directoryPath(entry.directory))
        if entry.name.isEmpty { return directory }
        return directory.isEmpty ? Array(entry.name) : directory + [UInt8(ascii: "/")] + Array(entry.name)
    }
}
