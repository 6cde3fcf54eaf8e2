import Compression
import Threads

/// What the receiving thread hands to the writing thread: the archive, in order, in buffers that go round.
///
/// Each thread waits only when the other one has something to do, so one of them always runs: the receiving thread waits
/// for a free buffer, the writing thread for a full one.
final class StageQueue: Sendable {
    struct Chunk {
        let buffer: UnsafeMutableRawBufferPointer
        /// How many of the buffer's bytes are the archive's.
        var byteCount = 0
        /// Those that were found while these bytes were inflated, each with where it can be resumed, if it can.
        var checkpoints: [(checkpoint: Checkpoint, point: ResumePoint?)] = []

        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[..<byteCount]) }
    }

    /// The writing thread has failed and takes nothing more.
    struct Stopped: Error {}

    private struct State {
        var freeBuffers: [UnsafeMutableRawBufferPointer]
        var chunks: [Chunk] = []
        var isClosed = false
        var isAbandoned = false
        var isStopped = false
    }

    static let bufferByteCount = 512 << 10

    private let buffers: StageBuffers
    private let monitor: Monitor<State>

    /// nil when there is no memory.
    init?(limits: UnpackLimits) {
        guard let buffers = StageBuffers(count: max(limits.bufferCount, 2), byteCount: Self.bufferByteCount) else {
            return nil
        }
        self.buffers = buffers
        monitor = Monitor(State(freeBuffers: buffers.all))
    }
}

// The receiving thread's side.
extension StageQueue {
    /// Waits for a buffer to fill. It is the caller's until it is sent.
    func freeChunk() throws(Stopped) -> Chunk {
        let buffer: UnsafeMutableRawBufferPointer?? = monitor.wait { state in
            if state.isStopped { return .some(nil) }
            return state.freeBuffers.popLast().map { .some($0) }
        }
        guard let buffer = buffer ?? nil else { throw Stopped() }
        return Chunk(buffer: buffer)
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
        monitor.withLock { $0.freeBuffers.append(chunk.buffer) }
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
