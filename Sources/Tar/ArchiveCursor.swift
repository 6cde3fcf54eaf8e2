/// Where the parser stands in an archive that arrives in pieces: takes header blocks and content off each piece.
struct ArchiveCursor: ~Copyable {
    /// Bytes of the archive taken so far.
    private(set) var offset: UInt64 = 0
    /// Where the last header block stands.
    private(set) var blockOffset: UInt64 = 0
    /// What is still to come of the current content, and of the padding behind it.
    private(set) var contentByteCount: UInt64 = 0
    private var paddingByteCount: UInt64 = 0
    /// Bytes of the next block that have arrived, fewer than a block.
    private(set) var partialByteCount = 0
    private let partial = UnsafeMutableRawPointer.allocate(byteCount: HeaderBlock.byteCount, alignment: 8)

    deinit { partial.deallocate() }

    /// Takes a header block; it is valid until the next call and while `input`'s memory is. Nil when `input` ends before.
    /// A block that lies whole in `input` is not copied.
    mutating func nextBlock(_ input: inout UnsafeRawBufferPointer) -> HeaderBlock? {
        guard let start = input.baseAddress, !input.isEmpty else { return nil }
        if partialByteCount == 0, input.count >= HeaderBlock.byteCount {
            take(HeaderBlock.byteCount, of: &input)
            blockOffset = offset - UInt64(HeaderBlock.byteCount)
            return HeaderBlock(start)
        }
        let count = min(HeaderBlock.byteCount - partialByteCount, input.count)
        partial.advanced(by: partialByteCount).copyMemory(from: start, byteCount: count)
        take(count, of: &input)
        partialByteCount += count
        guard partialByteCount == HeaderBlock.byteCount else { return nil }
        partialByteCount = 0
        blockOffset = offset - UInt64(HeaderBlock.byteCount)
        return HeaderBlock(partial)
    }

    /// Expects content of `byteCount` bytes, below 2^63, and the padding behind it.
    mutating func beginContent(_ byteCount: UInt64) throws(TarError.Reason) {
        // Keeps all offsets in 63 bits.
        guard offset + byteCount <= UInt64(Int64.max) else { throw .numberOutOfRange(.size) }
        contentByteCount = byteCount
        paddingByteCount = (512 - byteCount % 512) % 512
    }

    /// Counts the last header block as content, and as the padding behind it where the content is shorter.
    mutating func takeBlockForContent() {
        let content = min(contentByteCount, UInt64(HeaderBlock.byteCount))
        contentByteCount -= content
        paddingByteCount -= UInt64(HeaderBlock.byteCount) - content
    }

    /// Moves content into `bytes`; true when it is complete.
    mutating func collectContent(_ input: inout UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        let count = Int(min(contentByteCount, UInt64(input.count)))
        bytes.append(contentsOf: input.prefix(count))
        take(count, of: &input)
        contentByteCount -= UInt64(count)
        return contentByteCount == 0
    }

    /// Drops content and padding; true when both are behind.
    mutating func skipContent(_ input: inout UnsafeRawBufferPointer) -> Bool {
        let content = min(contentByteCount, UInt64(input.count))
        let padding = min(paddingByteCount, UInt64(input.count) - content)
        contentByteCount -= content
        paddingByteCount -= padding
        take(Int(content + padding), of: &input)
        return contentByteCount == 0 && paddingByteCount == 0
    }

    /// Drops everything.
    mutating func skipAll(_ input: inout UnsafeRawBufferPointer) {
        take(input.count, of: &input)
    }

    private mutating func take(_ byteCount: Int, of input: inout UnsafeRawBufferPointer) {
        input = UnsafeRawBufferPointer(rebasing: input[byteCount...])
        offset += UInt64(byteCount)
    }
}
