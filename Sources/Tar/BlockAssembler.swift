/// Cuts a stream that arrives in pieces into header blocks. A block that lies whole in its piece is not copied.
struct BlockAssembler: ~Copyable {
    private let partial = UnsafeMutableRawPointer.allocate(byteCount: HeaderBlock.byteCount, alignment: 8)
    /// Bytes of the next block that have arrived, fewer than a block.
    private(set) var partialByteCount = 0

    deinit { partial.deallocate() }

    /// Takes a block off the front of `input`; it is valid until the next call and while `input`'s memory is. Nil when
    /// `input` ends before.
    mutating func next(_ input: inout UnsafeRawBufferPointer) -> UnsafeRawPointer? {
        guard let start = input.baseAddress, !input.isEmpty else { return nil }
        if partialByteCount == 0, input.count >= HeaderBlock.byteCount {
            input.removeFirst(byteCount: HeaderBlock.byteCount)
            return start
        }
        let count = min(HeaderBlock.byteCount - partialByteCount, input.count)
        partial.advanced(by: partialByteCount).copyMemory(from: start, byteCount: count)
        input.removeFirst(byteCount: count)
        partialByteCount += count
        guard partialByteCount == HeaderBlock.byteCount else { return nil }
        partialByteCount = 0
        return UnsafeRawPointer(partial)
    }
}

extension UnsafeRawBufferPointer {
    mutating func removeFirst(byteCount: Int) {
        self = UnsafeRawBufferPointer(rebasing: self[byteCount...])
    }
}
