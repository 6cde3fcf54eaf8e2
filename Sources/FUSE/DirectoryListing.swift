import CFuse
import Glibc

/// Directory entries packed as the kernel reads them (linux/fuse.h, `struct fuse_dirent` and `fuse_direntplus`), in
/// memory that belongs to the caller.
public struct DirectoryListing {
    private let memory: UnsafeMutableRawBufferPointer
    private var byteCount = 0

    /// `struct fuse_dirent` up to the name: node, offset, length of the name, type.
    private static let headerByteCount = 24

    /// `memory` is as large as the kernel's buffer and aligned to 8 bytes.
    public init(into memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
    }

    /// What was packed so far.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<byteCount]) }

    /// Adds a name and the type of its file. False, and nothing added, when there is no room.
    /// - Parameter offset: what the kernel hands back to go on *after* this entry; not 0.
    public mutating func append(_ name: UnsafeRawBufferPointer, node: UInt64, mode: UInt32, offset: UInt64) -> Bool {
        guard hasRoom(for: name, 0) else { return false }
        pack(name, node: node, mode: mode, offset: offset)
        return true
    }

    /// Adds a name with the attributes of its file, which spares the kernel a lookup.
    public mutating func append(
        _ name: UnsafeRawBufferPointer, _ attributes: FileAttributes, _ validity: Validity, offset: UInt64
    ) -> Bool {
        guard hasRoom(for: name, MemoryLayout<fuse_entry_out>.size) else { return false }
        pack(attributes.entry(validity))
        pack(name, node: attributes.node, mode: attributes.mode, offset: offset)
        return true
    }

    /// Adds a name to a listing with attributes, but without them, as `.` and `..` are listed.
    public mutating func appendBare(
        _ name: UnsafeRawBufferPointer, node: UInt64, mode: UInt32, offset: UInt64
    ) -> Bool {
        guard hasRoom(for: name, MemoryLayout<fuse_entry_out>.size) else { return false }
        pack(fuse_entry_out())
        pack(name, node: node, mode: mode, offset: offset)
        return true
    }

    private func hasRoom(for name: UnsafeRawBufferPointer, _ prefix: Int) -> Bool {
        prefix + Self.padded(Self.headerByteCount + name.count) <= memory.count - byteCount
    }

    private static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

    private mutating func pack<Value: BitwiseCopyable>(_ value: Value) {
        memory.storeBytes(of: value, toByteOffset: byteCount, as: Value.self)
        byteCount += MemoryLayout<Value>.size
    }

    private mutating func pack(_ name: UnsafeRawBufferPointer, node: UInt64, mode: UInt32, offset: UInt64) {
        let end = byteCount + Self.padded(Self.headerByteCount + name.count)
        pack(node)
        pack(offset)
        pack(UInt32(truncatingIfNeeded: name.count))
        pack((mode & S_IFMT) >> 12)
        UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<end]).copyMemory(from: name)
        for position in byteCount + name.count..<end { memory[position] = 0 }
        byteCount = end
    }
}
