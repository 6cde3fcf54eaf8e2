import Logging
import OCI

/// Brings what is missing of one blob to a sink: by one stream, and by several parts at once where that is sooner.
struct BlobFetch {
    private let blob: Descriptor
    private let path: String
    private let exchange: RegistryExchange
    private let retries: RetryLoop
    private let settings: PartSettings
    private let rangeless: RangelessOrigins
    /// Bytes that the sink has.
    private var offset: Int64
    private var meter = StreamMeter()
    /// To the stream's last request.
    private var answer: BlobStream.Answer?
    private var parts: PartDownload?
    private var mayUseParts: Bool

    /// The stream is no longer needed.
    private struct TakeOver: Error {}

    init(
        _ blob: Descriptor, from offset: Int64, path: String, exchange: RegistryExchange, retries: RetryLoop,
        settings: PartSettings, rangeless: RangelessOrigins
    ) {
        self.blob = blob
        self.offset = offset
        self.path = path
        self.exchange = exchange
        self.retries = retries
        self.settings = settings
        self.rangeless = rangeless
        mayUseParts = PartPlan(byteCount: blob.size, from: offset, settings) != nil
    }

    /// Blocks. Throws `RegistryError`, and what `sink` throws.
    mutating func run(into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        defer { parts?.cancel() }
        do {
            return try stream(.rest(from: offset), into: sink)
        } catch is TakeOver {
            // The parts go on where the stream was.
        }
        do {
            try parts?.deliver(from: &offset, into: sink)
        } catch let refusal as RangeRefusal {
            giveUpParts(refusal)
            // Its answers to ranged requests are not to be trusted: once more from the start, without a range.
            try stream(.all(skipping: offset), into: sink)
        }
    }

    private mutating func stream(
        _ want: BlobStream.Want, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var stream = BlobStream(blob: blob, wanting: want, path: path, exchange: exchange)
        try retries.run(blob: blob.digest, progress: { stream.offset }) { timeout in
            try stream.receive(
                connectTimeoutSeconds: timeout, onAnswer: { note($0) }, into: { try take($0, into: sink) })
        }
    }

    private mutating func note(_ answer: BlobStream.Answer) {
        self.answer = answer
        meter.answered(afterSeconds: answer.latencySeconds)
        if answer.ignoresRange { rangeless.insert(answer.origin) }
    }

    private mutating func take(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        if let parts {
            switch parts.standing(at: offset) {
            case .undecided: break
            case .ready: throw TakeOver()
            case .refused(let refusal): giveUpParts(refusal)
            case .failed: giveUpParts()
            }
        }
        meter.arrived(byteCount: bytes.count)
        try sink(bytes)
        offset += Int64(bytes.count)
        meter.taken()
        if mayUseParts { considerParts() }
    }

    private mutating func considerParts() {
        guard let answer, !rangeless.contains(answer.origin),
            settings.benefit.isGiven(by: meter.measurement, missingByteCount: blob.size - offset)
        else { return }
        mayUseParts = false
        guard let plan = PartPlan(byteCount: blob.size, from: offset, settings) else { return }
        let parts = PartDownload(
            blob, plan: plan, maximumCount: settings.maximumCount, path: path, exchange: exchange, retries: retries,
            joining: answer)
        self.parts = parts
        retries.logger.info(
            "fetching in parts",
            metadata: [
                "blob": "\(blob.digest)", "from": "\(answer.origin)", "offset": "\(offset)",
                "latencySeconds": "\(answer.latencySeconds)",
            ])
        parts.start()
    }

    private mutating func giveUpParts(_ refusal: RangeRefusal? = nil) {
        parts?.cancel()
        parts = nil
        guard let refusal else { return }
        // Behind one name there may be several: the one that gave the stream is what the next blob is judged by.
        if let answer { rangeless.insert(answer.origin) }
        if rangeless.insert(refusal.origin) {
            retries.logger.notice("\(refusal.origin) does not answer ranged requests well; no more parts from there")
        }
    }
}
