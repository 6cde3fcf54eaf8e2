import Glibc

/// Lines that wait until the client reads; a line may carry a descriptor with its first byte.
struct Outbox {
    /// Above it, progress that nobody misses is left out.
    static let droppingByteCount = 256 << 10
    /// Above it, the client is taken for dead.
    static let maximumByteCount = 16 << 20

    private struct Chunk {
        var bytes: [UInt8]
        var sentByteCount = 0
        /// Closed once it is sent.
        var descriptor: Int32?
    }

    enum Progress { case empty, blocked, broken }

    private var chunks: [Chunk] = []
    private(set) var byteCount = 0

    var isEmpty: Bool { chunks.isEmpty }

    /// Takes over the descriptor.
    mutating func append(_ line: [UInt8], descriptor: Int32? = nil) {
        chunks.append(Chunk(bytes: line, descriptor: descriptor))
        byteCount += line.count
    }

    /// Sends as much as goes. `send` is sendmsg(2) without blocking: a count, or -1 and errno.
    mutating func flush(_ send: (UnsafeRawBufferPointer, Int32) -> Int) -> Progress {
        while var chunk = chunks.first {
            let count = chunk.bytes.withUnsafeBytes { bytes in
                send(UnsafeRawBufferPointer(rebasing: bytes[chunk.sentByteCount...]), chunk.descriptor ?? -1)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN ? .blocked : .broken
            }
            if let descriptor = chunk.descriptor { _ = close(descriptor) }
            chunk.descriptor = nil
            chunk.sentByteCount += count
            byteCount -= count
            if chunk.sentByteCount == chunk.bytes.count { chunks.removeFirst() } else { chunks[0] = chunk }
        }
        return .empty
    }

    /// Closes every descriptor that was not sent.
    mutating func discard() {
        for chunk in chunks {
            if let descriptor = chunk.descriptor { _ = close(descriptor) }
        }
        chunks = []
        byteCount = 0
    }
}
