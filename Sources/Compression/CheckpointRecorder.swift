/// Watches a gzip stream being inflated and keeps a checkpoint for about each span of inflated bytes.
struct CheckpointRecorder {
    let spanByteCount: UInt64
    /// Inflated bytes of all members.
    private(set) var byteOffset: UInt64 = 0
    private(set) var found: [Checkpoint] = []
    /// A checkpoint is due when this many bytes have been inflated.
    private var nextByteOffset: UInt64 = 0
    /// The last inflated bytes of the current member; `windowByteCount` of them, at the end of the array. All that a
    /// checkpoint needs, once it is due.
    private var window = [UInt8](repeating: 0, count: Checkpoint.maximumWindowByteCount)
    private var windowByteCount = 0

    init(spanByteCount: Int) { self.spanByteCount = UInt64(max(spanByteCount, 1)) }

    /// Goes on after `checkpoint`, which was recorded before.
    init(spanByteCount: Int, resumingAt checkpoint: Checkpoint) {
        self.init(spanByteCount: spanByteCount)
        byteOffset = checkpoint.byteOffset
        nextByteOffset = byteOffset + self.spanByteCount
        windowByteCount = checkpoint.window.count
        window.replaceSubrange((window.count - windowByteCount)..., with: checkpoint.window)
    }

    /// How many bytes may be inflated until a checkpoint is due; 0 when it is.
    var bytesUntilDue: Int {
        nextByteOffset > byteOffset ? Int(clamping: nextByteOffset - byteOffset) : 0
    }

    /// Inflated bytes that came next.
    mutating func observe(_ bytes: UnsafeRawBufferPointer) {
        byteOffset += UInt64(bytes.count)
        let limit = Checkpoint.maximumWindowByteCount
        guard bytesUntilDue < limit else {
            // At least a whole window comes before the next checkpoint.
            windowByteCount = 0
            return
        }
        let new = UnsafeRawBufferPointer(rebasing: bytes.suffix(limit))
        windowByteCount = min(windowByteCount + new.count, limit)
        window.withUnsafeMutableBytes { window in
            let kept = UnsafeRawBufferPointer(rebasing: window[new.count...])
            UnsafeMutableRawBufferPointer(rebasing: window[..<kept.count]).copyMemory(from: kept)
            UnsafeMutableRawBufferPointer(rebasing: window[kept.count...]).copyMemory(from: new)
        }
    }

    /// The next block begins at `compressedBitOffset`.
    mutating func record(at compressedBitOffset: UInt64) {
        found.append(
            Checkpoint(
                compressedBitOffset: compressedBitOffset, byteOffset: byteOffset,
                window: Array(window.suffix(windowByteCount))))
        nextByteOffset = byteOffset + spanByteCount
    }

    /// A gzip member begins whose blocks begin at `compressedBitOffset`: nothing before it can be referred to.
    mutating func beginMember(at compressedBitOffset: UInt64) {
        windowByteCount = 0
        if bytesUntilDue == 0 { record(at: compressedBitOffset) }
    }

    mutating func takeFound() -> [Checkpoint] {
        guard !found.isEmpty else { return [] }
        defer { found = [] }
        return found
    }

    func withHistory<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        window.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0.suffix(windowByteCount))) }
    }
}
