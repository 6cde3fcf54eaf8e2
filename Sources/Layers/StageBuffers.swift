import Glibc

/// Memory for the buffers between the two threads, in one mapping: it goes back to the system when the layer is done,
/// where malloc would keep it.
final class StageBuffers: @unchecked Sendable {
    // Immutable after init. Who may touch which buffer is the queue's business.
    let all: [UnsafeMutableRawBufferPointer]
    private let mapping: UnsafeMutableRawBufferPointer

    /// - Parameter byteCounts: of each buffer, multiples of the page size.
    /// - Returns: nil when there is no memory.
    init?(byteCounts: [Int]) {
        let total = byteCounts.reduce(0, +)
        let start = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { return nil }
        mapping = UnsafeMutableRawBufferPointer(start: start, count: total)
        var offset = 0
        var buffers: [UnsafeMutableRawBufferPointer] = []
        for byteCount in byteCounts {
            buffers.append(UnsafeMutableRawBufferPointer(rebasing: mapping[offset..<offset + byteCount]))
            offset += byteCount
        }
        all = buffers
    }

    deinit {
        let result = munmap(mapping.baseAddress, mapping.count)
        assert(result == 0, "what was mapped can be unmapped")
    }
}
