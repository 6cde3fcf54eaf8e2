import Glibc

/// Memory for buffers, in one mapping: it goes back to the system when the layer is done, where malloc would keep it.
final class StageBuffers: @unchecked Sendable {
    // Immutable after init. Who may touch which buffer is the queue's business.
    let all: [UnsafeMutableRawBufferPointer]
    private let mapping: UnsafeMutableRawBufferPointer

    /// - Parameter byteCount: of each buffer, a multiple of the page size.
    /// - Returns: nil when there is no memory.
    init?(count: Int, byteCount: Int) {
        let total = count * byteCount
        let start = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED else { return nil }
        let mapping = UnsafeMutableRawBufferPointer(start: start, count: total)
        self.mapping = mapping
        all = (0..<count).map {
            UnsafeMutableRawBufferPointer(rebasing: mapping[$0 * byteCount..<($0 + 1) * byteCount])
        }
    }

    deinit {
        let result = munmap(mapping.baseAddress, mapping.count)
        assert(result == 0, "what was mapped can be unmapped")
    }
}
