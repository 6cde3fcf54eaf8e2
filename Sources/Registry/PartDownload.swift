import OCI
import Threads

/// Several parts of a blob at once: threads fetch them, one reader takes their bytes in order.
///
/// A part is asked for only when an earlier one has been taken, so a slow reader holds the others up and memory stays
/// bounded. At most `PartSettings.maximumCount` connections, while a stream is running beside it one less.
final class PartDownload: Sendable {
    private struct State {
        var plan: PartPlan
        /// As `plan.open`.
        var parts: [BlobPart] = []

        mutating func take(to offset: Int64) {
            plan.take(to: offset)
            parts.removeAll { $0.range.upperBound <= offset }
        }

        mutating func begin(reserved: Int) -> [Range<Int64>] {
            let ranges = plan.begin(reserved: reserved)
            parts += ranges.map { BlobPart(range: $0) }
            return ranges
        }

        func position(of range: Range<Int64>) -> Int? {
            parts.firstIndex { $0.range == range }
        }

        var failure: (any Error)? {
            for part in parts { if case .failed(let error) = part.state { return error } }
            return nil
        }
    }

    /// How things are for a stream that runs beside the parts.
    enum Standing {
        /// The stream is to go on.
        case undecided
        /// What follows is on its way; the stream can end.
        case ready
        /// The stream is to go on alone.
        case refused(RangeRefusal)
        case failed
        /// The stream was faster than all of the parts.
        case overtaken
    }

    /// The range is no longer wanted.
    private struct Unwanted: Error {}

    private let blob: Descriptor
    private let path: String
    private let exchange: RegistryExchange
    private let retries: RetryLoop
    /// What the stream was told that the parts join.
    private let version: BlobVersion?
    private let stopSignal: StopSignal
    private let threads: BlockingPool
    private let monitor: Monitor<State>

    /// - Parameter answer: what the stream was told that the parts join.
    init(
        _ blob: Descriptor, plan: PartPlan, maximumCount: Int, path: String, exchange: RegistryExchange,
        retries: RetryLoop, joining answer: BlobStream.Answer
    ) {
        self.blob = blob
        self.path = path
        version = answer.version
        stopSignal = StopSignal(parent: retries.stopSignal)
        var exchange = exchange
        exchange.stopSignal = stopSignal
        exchange.redirect = RedirectMemory(exchange.isOwn(answer.url) ? nil : answer.url)
        self.exchange = exchange
        var retries = retries
        retries.stopSignal = stopSignal
        self.retries = retries
        threads = BlockingPool(name: "blob-part", maximumThreads: maximumCount)
        monitor = Monitor(State(plan: plan))
    }

    /// Asks for the first parts, beside a stream that goes on.
    func start() {
        submit(monitor.withLock { $0.begin(reserved: 1) })
    }

    /// Transfers that are running end within about a second. Nothing waits for them.
    func cancel() {
        stopSignal.stop()
    }

    /// `offset`: how far the stream has come.
    func standing(at offset: Int64) -> Standing {
        monitor.withLock { state in
            state.take(to: offset)
            if let error = state.failure { return (error as? RangeRefusal).map { .refused($0) } ?? .failed }
            guard let first = state.parts.first else { return .overtaken }
            guard case .arriving = first.state, first.range.lowerBound <= offset else { return .undecided }
            return .ready
        }
    }

    /// Gives `sink` the bytes from `offset` to the blob's end, and moves `offset` along. Blocks.
    ///
    /// Throws `RangeRefusal` when the rest cannot be had in parts, the `RegistryError` of a part that failed for good,
    /// and what `sink` throws.
    func deliver(from offset: inout Int64, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        while offset < blob.size {
            let taken = offset
            submit(
                monitor.withLock { state in
                    state.take(to: taken)
                    return state.failure == nil ? state.begin(reserved: 0) : []
                })
            let (buffer, filled) = try monitor.wait { state in Self.piece(at: taken, of: state) }.get()
            try withExtendedLifetime(buffer) { try sink(UnsafeRawBufferPointer(rebasing: buffer.bytes[filled])) }
            offset += Int64(filled.count)
        }
    }

    /// What is there from `offset` on; nil as long as there is nothing.
    private static func piece(
        at offset: Int64, of state: State
    ) -> Result<(buffer: PartBuffer, filled: Range<Int>), any Error>? {
        guard let part = state.parts.first, part.range.contains(offset) else {
            preconditionFailure("what follows the bytes that were taken has been asked for")
        }
        let taken = Int(offset - part.range.lowerBound)
        if let buffer = part.buffer, part.byteCount > taken { return .success((buffer, taken..<part.byteCount)) }
        if case .failed(let error) = part.state { return .failure(error) }
        return nil
    }

    private func submit(_ ranges: [Range<Int64>]) {
        for range in ranges { threads.submit { self.fetch(range) } }
    }

    /// On one of the threads.
    private func fetch(_ range: Range<Int64>) {
        var stream = BlobStream(blob: blob, wanting: .part(range, of: version), path: path, exchange: exchange)
        do {
            try retries.run(blob: blob.digest, progress: { stream.offset }) { timeout in
                try stream.receive(connectTimeoutSeconds: timeout, onAnswer: { _ in try accept(range) }) { bytes in
                    try store(bytes, of: range)
                }
            }
        } catch {
            monitor.change { state in
                if let position = state.position(of: range) { state.parts[position].state = .failed(error) }
            }
        }
    }

    private func accept(_ range: Range<Int64>) throws {
        let isWanted = monitor.change { state in
            guard let position = state.position(of: range) else { return false }
            state.parts[position].state = .arriving
            if state.parts[position].buffer == nil {
                state.parts[position].buffer = PartBuffer(byteCount: range.count)
            }
            return true
        }
        guard isWanted else { throw Unwanted() }
    }

    private func store(_ bytes: UnsafeRawBufferPointer, of range: Range<Int64>) throws {
        let place = monitor.withLock { state in
            state.position(of: range).map { (buffer: state.parts[$0].buffer, byteCount: state.parts[$0].byteCount) }
        }
        guard let place, let buffer = place.buffer else { throw Unwanted() }
        // `BlobStream` sees to it that there is room. Only this thread writes to the part, and behind what is filled.
        UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[place.byteCount...]).copyMemory(from: bytes)
        monitor.change { state in
            if let position = state.position(of: range) { state.parts[position].byteCount += bytes.count }
        }
    }
}
