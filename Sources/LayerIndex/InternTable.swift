internal import Glibc

/// Numbers byte strings from 0 in the order of their first appearance, and keeps each once.
///
/// The strings stand in a heap that belongs to the caller; a record is 8 bytes: offset in the heap and length.
struct InternTable: ~Copyable {
    static let recordByteCount = 8

    private(set) var records = SectionBuffer()
    private(set) var count = 0
    private let hasher = NameHash()
    /// Open addressing, linear probing. 0: free, otherwise number + 1. The count is a power of two.
    private var slots = [UInt32](repeating: 0, count: 256)

    var byteCount: Int { records.byteCount }

    /// The number of `string`, which is appended to `heap` when it is new.
    mutating func number(of string: UnsafeRawBufferPointer, heap: inout SectionBuffer) -> Int {
        if count * 2 >= slots.count { rehash(heap) }
        var slot = Int(truncatingIfNeeded: hasher.hash(string)) & (slots.count - 1)
        while slots[slot] != 0 {
            let number = Int(slots[slot]) - 1
            if Self.equal(text(number, in: heap), string) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = UInt32(count + 1)
        records.append(UInt32(heap.byteCount))
        records.append(UInt32(string.count))
        heap.append(string)
        count += 1
        return count - 1
    }

    func text(_ number: Int, in heap: borrowing SectionBuffer) -> UnsafeRawBufferPointer {
        let record = records.bytes
        let offset = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: number * 8, as: UInt32.self))
        let length = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: number * 8 + 4, as: UInt32.self))
        return UnsafeRawBufferPointer(rebasing: heap.bytes[Int(offset)..<Int(offset) + Int(length)])
    }

    mutating func moveRecordsOut(to target: UnsafeMutableRawPointer) { records.moveOut(to: target) }

    private mutating func rehash(_ heap: borrowing SectionBuffer) {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        for number in 0..<count {
            var slot = Int(truncatingIfNeeded: hasher.hash(text(number, in: heap))) & (larger.count - 1)
            while larger[slot] != 0 { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }

    private static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let first = left.baseAddress, let second = right.baseAddress else { return true }
        return memcmp(first, second, left.count) == 0
    }
}
