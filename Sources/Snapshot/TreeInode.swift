internal import LayerIndex

/// One inode of a tree file, seen in place.
struct TreeInode {
    let record: UnsafeRawPointer

    private typealias Field = TreeFormat.Inode

    /// nil in a damaged file only.
    @inline(__always) var kind: LayerEntry.Kind? {
        LayerEntry.Kind(rawValue: record.load(fromByteOffset: Field.kind, as: UInt8.self))
    }
    @inline(__always) var mode: UInt32 { UInt32(load(Field.mode, UInt16.self)) }
    @inline(__always) var linkCount: UInt32 { load(Field.linkCount, UInt32.self) }
    @inline(__always) var userID: UInt32 { load(Field.userID, UInt32.self) }
    @inline(__always) var groupID: UInt32 { load(Field.groupID, UInt32.self) }
    @inline(__always) var modificationSeconds: Int64 { load(Field.modificationSeconds, Int64.self) }
    @inline(__always) var modificationNanoseconds: UInt32 { load(Field.modificationNanoseconds, UInt32.self) }
    @inline(__always) var layer: UInt32 { load(Field.layer, UInt32.self) }
    @inline(__always) var size: UInt64 { load(Field.size, UInt64.self) }
    @inline(__always) var blocks512: UInt64 { load(Field.blocks512, UInt64.self) }
    @inline(__always) var payload: UInt64 { load(Field.payload, UInt64.self) }
    /// The halves of the payload, see `TreeFormat.Inode.payload`.
    @inline(__always) var low: UInt32 { UInt32(truncatingIfNeeded: payload) }
    @inline(__always) var high: UInt32 { UInt32(truncatingIfNeeded: payload >> 32) }
    @inline(__always) var attributes: UInt32 { load(Field.attributes, UInt32.self) }
    @inline(__always) var parent: UInt32 { load(Field.parent, UInt32.self) }

    @inline(__always)
    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
        Number(littleEndian: record.load(fromByteOffset: offset, as: type))
    }
}
