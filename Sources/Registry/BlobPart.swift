/// One range of a blob on its way into memory.
struct BlobPart {
    enum State {
        /// No answer yet, or only bad ones.
        case asked
        /// The server sends this range; the bytes so far are there.
        case arriving
        /// It will not come.
        case failed(any Error)
    }

    let range: Range<Int64>
    var state = State.asked
    /// Nil as long as nothing is known to come.
    var buffer: PartBuffer?
    /// Bytes of `buffer` that are filled. Never goes back.
    var byteCount = 0
}

/// The memory of one part. Freed with its last reference.
// @unchecked: one thread fills it, another reads what is filled, and `PartDownload`'s monitor says how much that is.
final class PartBuffer: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        bytes = .allocate(byteCount: byteCount, alignment: 4096)
    }

    deinit { bytes.deallocate() }
}

/// The answer to a ranged request is not that range.
struct RangeRefusal: Error {
    var origin: HTTPURL.Origin
}
