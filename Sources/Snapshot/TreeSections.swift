internal import Glibc
internal import LayerIndex
internal import OCI

/// The sections of a tree file in memory.
struct TreeSections: @unchecked Sendable {
    let inodeCount: Int
    let nameCount: Int
    let extentCount: Int
    let layerCount: Int
    let heapByteCount: Int
    let contentByteCount: UInt64
    let hasExtendedAttributes: Bool

    private let inodes: UnsafeRawPointer
    private let names: UnsafeRawPointer
    private let extents: UnsafeRawPointer
    private let layers: UnsafeRawPointer
    private let heap: UnsafeRawPointer

    init(validating file: UnsafeRawBufferPointer, chainID: Digest) throws(TreeFault) {
        if let reason = TreeFormat.seal.fault(in: file, identity: chainID) { throw TreeFault(reason) }
        typealias Header = TreeFormat.Header
        guard let start = file.baseAddress, file.count >= Header.byteCount else { throw TreeFault("it is too short") }
        func number(_ offset: Int) -> Int { Int(Self.load(start, offset, UInt32.self)) }
        inodeCount = number(Header.inodeCount)
        nameCount = number(Header.nameCount)
        extentCount = number(Header.extentCount)
        layerCount = number(Header.layerCount)
        contentByteCount = Self.load(start, Header.contentByteCount, UInt64.self)
        hasExtendedAttributes = number(Header.hasExtendedAttributes) != 0
        let heapLength = Self.load(start, Header.heapByteCount, UInt64.self)
        // Counts have 32 bits: none of these sums can overflow.
        let namesStart = Header.byteCount + inodeCount * TreeFormat.Inode.byteCount
        let extentsStart = namesStart + nameCount * TreeFormat.Name.byteCount
        let layersStart = extentsStart + extentCount * TreeFormat.extentByteCount
        let heapStart = layersStart + layerCount * TreeFormat.Layer.byteCount
        guard
            inodeCount > 0, heapStart <= file.count, heapLength == UInt64(file.count - heapStart), heapLength < 1 << 32
        else { throw TreeFault("its sections do not fit") }
        heapByteCount = Int(heapLength)
        inodes = start + Header.byteCount
        names = start + namesStart
        extents = start + extentsStart
        layers = start + layersStart
        heap = start + heapStart
        try validate()
    }

    /// nil when there is no such node.
    @inline(__always)
    func inode(_ node: UInt64) -> TreeInode? {
        // Node 0 wraps around to a position that no tree has.
        let position = node &- 1
        return position < UInt64(inodeCount) ? inode(at: Int(position)) : nil
    }

    @inline(__always)
    func inode(at position: Int) -> TreeInode { TreeInode(record: inodes + position * TreeFormat.Inode.byteCount) }

    @inline(__always)
    func name(_ position: Int) -> (text: UnsafeRawBufferPointer, inode: UInt32) {
        let record = names + position * TreeFormat.Name.byteCount
        let text = heap + Int(Self.load(record, TreeFormat.Name.text, UInt32.self))
        let count = Int(text.load(as: UInt8.self))
        return (
            UnsafeRawBufferPointer(start: text + 1, count: count), Self.load(record, TreeFormat.Name.inode, UInt32.self)
        )
    }

    /// Offset in the heap of a name's length.
    func textOffset(ofName position: Int) -> Int {
        Int(Self.load(names + position * TreeFormat.Name.byteCount, TreeFormat.Name.text, UInt32.self))
    }

    @inline(__always)
    func extent(_ position: Int) -> (fileOffset: UInt64, archiveOffset: UInt64, length: UInt64) {
        let record = extents + position * TreeFormat.extentByteCount
        return (
            Self.load(record, 0, UInt64.self), Self.load(record, 8, UInt64.self), Self.load(record, 16, UInt64.self)
        )
    }

    func heapBytes(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: heap + offset, count: count)
    }

    func heapNumber(_ offset: Int) -> Int {
        Int(UInt32(littleEndian: heap.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    /// The set whose length is at `offset` in the heap.
    func attributeSet(_ offset: Int) -> AttributeSet { AttributeSet(heapBytes(offset + 4, heapNumber(offset))) }

    func archiveByteCount(ofLayer number: Int) -> UInt64 {
        Self.load(layers + number * TreeFormat.Layer.byteCount, TreeFormat.Layer.archiveByteCount, UInt64.self)
    }

    func diffIDs() -> [Digest] {
        (0..<layerCount).map { number in
            let record = layers + number * TreeFormat.Layer.byteCount + TreeFormat.Layer.diffID
            guard let digest = Digest(bytes: UnsafeRawBufferPointer(start: record, count: 32)) else {
                preconditionFailure("a digest has 32 bytes")
            }
            return digest
        }
    }

    @inline(__always)
    private static func load<Number: FixedWidthInteger & BitwiseCopyable>(
        _ base: UnsafeRawPointer, _ offset: Int, _ type: Number.Type
    ) -> Number {
        Number(littleEndian: base.load(fromByteOffset: offset, as: type))
    }
}

/// Why a tree file is refused.
struct TreeFault: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Like memcmp(3), a prefix before what it is a prefix of.
@inline(__always)
func compareNames(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    guard let first = left.baseAddress, let second = right.baseAddress else { return left.count - right.count }
    let order = memcmp(first, second, min(left.count, right.count))
    return order == 0 ? left.count - right.count : Int(order)
}
