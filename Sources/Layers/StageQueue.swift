import Compression
import Threads

/// What the receiving thread hands to the writing thread, in order, in buffers that go round.
///
/// Each thread waits only when the other one has something to do, so one of them always runs: the receiving thread waits
/// for a free buffer, the writing thread for a full one.
final class StageQueue: Sendable {
    enum Content: Int {
        /// Compressed bytes.
        case blob
        /// Compressed bytes that are to be kept for a later attempt.
        case blobToKeep
        /// Uncompressed bytes.
        case archive
    }

    struct Chunk {
        var content: Content
        var buffer: UnsafeMutableRawBufferPointer
        var byteCount: Int
        /// Those that were found while the bytes of an archive chunk were inflated.
        var checkpoints: [Checkpoint] = []

        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<byteCount]) }
    }

    /// The writing thread has failed and takes nothing more.
    struct Stopped: Error {}

    private struct State {
        var freeBlobBuffers: [UnsafeMutableRawBufferPointer]
        var freeArchiveBuffers: [UnsafeMutableRawBufferPointer]
        var chunks: [Chunk] = []
        var isClosed = false
        var isAbandoned = false
        var isStopped = false

        mutating func recycle(_ chunk: Chunk) {
            switch chunk.content {
            case .blob, .blobToKeep: freeBlobBuffers.append(chunk.buffer)
            case .archive: freeArchiveBuffers.append(chunk.buffer)
            }
        }
    }

    static let blobBufferByteCount = 256 << 10
    static let archiveBufferByteCount = 512 << 10

    private let buffers: StageBuffers
    private let monitor: Monitor<State>

    /// nil when there is no memory.
    init?(limits: UnpackLimits) {
        let blobCount = max(limits.blobBufferCount, 2)
        let archiveCount = max(limits.archiveBufferCount, 2)
        let byteCounts =
            Array(repeating: Self.blobBufferByteCount, count: blobCount)
            + Array(repeating: Self.archiveBufferByteCount, count: archiveCount)
        guard let buffers = StageBuffers(byteCounts: byteCounts) else { return nil }
        self.buffers = buffers
        monitor = Monitor(
            State(
                freeBlobBuffers: Array(buffers.all.prefix(blobCount)),
                freeArchiveBuffers: Array(buffers.all.suffix(archiveCount))))
    }
}

// The receiving thread's side.
extension StageQueue {
    /// Waits for a buffer to fill. It is the caller's until it is sent.
    func freeBuffer(for content: Content) throws(Stopped) -> UnsafeMutableRawBufferPointer {
        let buffer: UnsafeMutableRawBufferPointer?? = monitor.wait { state in
            if state.isStopped { return .some(nil) }
            let free = content == .archive ? state.freeArchiveBuffers.popLast() : state.freeBlobBuffers.popLast()
            return free.map { .some($0) }
        }
        guard let buffer = buffer ?? nil else { throw Stopped() }
        return buffer
    }

    func send(_ chunk: Chunk) throws(Stopped) {
        let isStopped = monitor.withLock { state in
            state.chunks.append(chunk)
            return state.isStopped
        }
        monitor.notifyOne()
        if isStopped { throw Stopped() }
    }

    /// Says that everything has been sent.
    func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.notifyOne()
    }

    /// Says that nothing more comes and that no layer will come of it. What was sent is still worth keeping.
    func abandon() {
        monitor.withLock { state in
            state.isClosed = true
            state.isAbandoned = true
        }
        monitor.notifyOne()
    }
}

// The writing thread's side.
extension StageQueue {
    /// Waits for the next chunk; nil when all have been taken and no more come.
    func next() -> Chunk? {
        let chunk: Chunk?? = monitor.wait { state in
            if !state.chunks.isEmpty { return .some(state.chunks.removeFirst()) }
            return state.isClosed ? .some(nil) : nil
        }
        return chunk ?? nil
    }

    func recycle(_ chunk: Chunk) {
        monitor.withLock { $0.recycle(chunk) }
        monitor.notifyOne()
    }

    /// True when `next` returned nil because of `abandon`.
    var isAbandoned: Bool { monitor.withLock { $0.isAbandoned } }

    /// Lets the receiving thread know at its next step that there is no point in going on.
    func stop() {
        monitor.withLock { $0.isStopped = true }
        monitor.notifyOne()
    }
}
