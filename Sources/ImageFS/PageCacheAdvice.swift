import Glibc
import Synchronization
import SystemPackage

/// Keeps the pages of a layer's data file from being cached twice.
///
/// What the kernel has read through the mount stays in the mount's own page cache, where no read comes back to us
/// from. The same bytes in the page cache of the data file are then of use to nobody but another image with this
/// layer, and cost as much memory again. So once most of a block has been read, its pages are given up (`DONTNEED`).
///
/// Counts bytes, not requests: two readers in different places of a layer, or a reader who jumps, never throw away
/// what was read ahead for somebody. See posix_fadvise(2). Any number of threads call it; nothing here allocates.
struct PageCacheAdvice: @unchecked Sendable {
    /// Bytes that are given up together. Larger, and of a program that is read here and there too much stays; smaller, and
    /// giving up costs more than it brings.
    static let blockByteCount = 128 << 10
    /// Archives have headers and padding that are never read: a block counts as read when this much of it was.
    static let readByteCount = blockByteCount / 4 * 3

    // Unchecked: what it points to is atomic, and set up in init.
    private let servedByteCounts: UnsafeMutableBufferPointer<Atomic<Int>>

    /// For a file of `byteCount` bytes. Give it back with `release`.
    init(byteCount: Int) {
        servedByteCounts = .allocate(capacity: byteCount / Self.blockByteCount + 1)
        for index in servedByteCounts.indices { servedByteCounts.initializeElement(at: index, to: Atomic(0)) }
    }

    func release() {
        servedByteCounts.deinitialize()
        servedByteCounts.deallocate()
    }

    /// `count` bytes at `offset` have been read for the kernel. Returns the blocks that nobody needs any more.
    func served(_ count: Int, at offset: Int) -> Range<Int>? {
        var start = offset
        let end = offset + count
        var done: Range<Int>?
        while start < end {
            let block = start / Self.blockByteCount
            guard block < servedByteCounts.count else { return done }
            let next = min(end, (block + 1) * Self.blockByteCount)
            let served = servedByteCounts[block].add(next - start, ordering: .relaxed).newValue
            if served >= Self.readByteCount {
                servedByteCounts[block].store(0, ordering: .relaxed)
                done = (done?.lowerBound ?? block)..<(block + 1)
            }
            start = next
        }
        return done
    }

    /// As `served`, and tells the kernel.
    func served(_ count: Int, at offset: Int, of file: Int32) {
        guard let blocks = served(count, at: offset) else { return }
        posix_fadvise(
            file, off_t(blocks.lowerBound * Self.blockByteCount), off_t(blocks.count * Self.blockByteCount),
            POSIX_FADV_DONTNEED)
    }
}
