import Content
import OCI
import Store
import Synchronization
import Threads

/// One attempt at a layer: two threads, from the source to the staged file.
struct UnpackAttempt {
    let blob: Descriptor
    let source: any BlobSource
    let writer: ArchiveWriter
    let arrived: (_ byteCount: Int) -> Void
    let report: (UnpackProgress) -> Void

    /// How the second thread ended; nil as long as it runs.
    private final class Outcome: Sendable {
        let result = Mutex<Result<ArchiveWriter.Finished, any Error>?>(nil)
    }

    /// Blocks. Returns the layer's other files once everything has been verified; throws the first thing that went wrong.
    func run() throws -> ArchiveWriter.Finished {
        guard let queue = StageQueue(limits: writer.limits) else {
            throw writer.context.noMemory
        }
        let outcome = Outcome()
        let thread = try Thread.start(name: "imgfs-layer") { [writer] in
            let result = Result { try writer.run(queue) }
            outcome.result.withLock { $0 = result }
            if case .failure = result { queue.stop() }
        }
        do {
            try receive(queue)
            queue.close()
            thread.join()
        } catch {
            queue.abandon()
            thread.join()
            // Then the other thread was the first to fail.
            guard error is StageQueue.Stopped else { throw error }
        }
        guard let result = outcome.result.withLock({ $0 }) else {
            throw writer.context.error(.fault, "the writing thread left no result")
        }
        return try result.get()
    }

    private func receive(_ queue: StageQueue) throws {
        let start = writer.start
        let receiver = try BlobReceiver(
            blob, queue: queue, limits: writer.limits, partial: writer.partial, start: start,
            checkpoint: try start.points.last.map { try UnpackStart.checkpoint(of: $0, in: writer.data) },
            context: writer.context, report: report)
        try receiver.takeKept(start.keptByteCount)
        do {
            if receiver.byteCount < blob.size {
                try source.stream(blob, from: receiver.byteCount) {
                    arrived($0.count)
                    try receiver.receive($0)
                }
            }
        } catch {
            try receiver.salvage()
            throw error
        }
        try receiver.finish()
    }
}
