/// One entry of a layer index, seen in place. Valid as long as the index is.
public struct LayerEntry {
    public enum Kind: UInt8, Sendable {
        case directory = 1
        /// A regular file whose content is one run of the archive, or empty.
        case regular = 2
        /// A regular file with holes.
        case sparse = 3
        case symbolicLink = 4
        case hardLink = 5
        case characterDevice = 6
        case blockDevice = 7
        case fifo = 8
        /// Hides `name` of lower layers in `directory`.
        case whiteout = 9
        /// Hides everything of lower layers in `directory`.
        case opaque = 10
    }

    public let kind: Kind
    /// Number of the directory's path, see `LayerIndex.directoryPath`.
    public let directory: Int
    /// Empty for the root and for `opaque`.
    public let name: UnsafeRawBufferPointer

    let record: UnsafeRawPointer

    private typealias Field = LayerIndexFormat.Entry

    /// Permission bits with set-user-id, set-group-id and sticky.
    public var mode: UInt16 { load(Field.mode, UInt16.self) }
    public var userID: UInt32 { load(Field.userID, UInt32.self) }
    public var groupID: UInt32 { load(Field.groupID, UInt32.self) }
    public var modificationSeconds: Int64 { load(Field.modificationSeconds, Int64.self) }
    public var modificationNanoseconds: UInt32 { load(Field.modificationNanoseconds, UInt32.self) }
    /// Bytes of a regular file as a reader sees it.
    public var size: UInt64 { load(Field.size, UInt64.self) }
    /// Regular: where the content begins in the archive.
    public var archiveOffset: UInt64 { payload }
    /// Sparse: position of the first extent in the index, and how many there are.
    public var extents: Range<Int> {
        let first = Int(payload & 0xffff_ffff)
        return first..<first + Int(payload >> 32)
    }
    public var deviceMajor: UInt32 { UInt32(payload >> 32) }
    public var deviceMinor: UInt32 { UInt32(payload & 0xffff_ffff) }
    /// Number of the set of extended attributes, see `LayerIndex.attributes`. 0 is the empty set.
    public var attributeSet: Int { Int(load(Field.attributeSet, UInt32.self)) }

    var payload: UInt64 { load(Field.payload, UInt64.self) }

    @inline(__always)
    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
        Number(littleEndian: record.load(fromByteOffset: offset, as: type))
    }
}
