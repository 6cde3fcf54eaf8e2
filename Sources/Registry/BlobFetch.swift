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
    /// How often parts may still be begun: once more when the stream was faster than all of them.
    private var plansLeft: Int

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
        plansLeft = PartPlan(byteCount: blob.size, from: offset, settings) == nil ? 0 : 2
    }

    /// Blocks. Throws `RegistryError`, and what `sink` throws.
    mutating func run(into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        defer { parts?.cancel() }
        do {
            return try stream(.rest(from: offset), into: sink)
        } catch is TakeOver {
            // The parts go on where the stream was.
        }
        var areRangesRefused = false
        do {
            try parts?.deliver(from: &offset, into: sink)
            return
        } catch let refusal as RangeRefusal {
            giveUpParts(refusal)
            areRangesRefused = true
        } catch let error as RegistryError where error.kind != .cancelled {
            // The host may just allow fewer requests at once. What a single one meets is the verdict.
            giveUpParts()
            retries.logger.notice("\(error); going on with one request")
        }
        do {
            try stream(.rest(from: offset), into: sink)
        } catch let error as RegistryError where areRangesRefused && error.kind == .invalid {
            // No answer to a ranged request is of use: once more from the start, without a range.
            try stream(.all(skipping: offset), into: sink)
        }
    }

    private mutating func stream(
        _ want: BlobStream.Want, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var stream = BlobStream(blob: blob, wanting: want, path: path, exchange: exchange)
        try retries.run(blob: blob.digest, progress: { stream.offset }) { timeout in
            try checkParts()
            do {
                try stream.receive(
                    connectTimeoutSeconds: timeout, onAnswer: { note($0) }, into: { try take($0, into: sink) })
            } catch let failure as AttemptFailure {
                try checkParts()
                throw failure
            }
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
        try checkParts()
        meter.arrived(byteCount: bytes.count)
        try sink(bytes)
        offset += Int64(bytes.count)
        meter.taken()
        if parts == nil, plansLeft > 0 { considerParts() }
    }

    /// Throws `TakeOver` when the parts can do without the stream.
    private mutating func checkParts() throws {
        guard let parts else { return }
        switch parts.standing(at: offset) {
        case .undecided: break
        case .ready: throw TakeOver()
        case .refused(let refusal): giveUpParts(refusal)
        case .failed: giveUpParts()
        case .overtaken:
            parts.cancel()
            self.parts = nil
        }
    }

    private mutating func considerParts() {
        let missing = blob.size - offset
        let lead = settings.benefit.leadByteCount(by: meter.measurement, missingByteCount: missing)
        guard settings.benefit.isGiven(by: meter.measurement, missingByteCount: missing),
            let plan = PartPlan(byteCount: blob.size, from: offset, leadByteCount: lead, settings),
            let answer, !rangeless.contains(answer.origin)
        else { return }
        plansLeft -= 1
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

    /// For this blob; after a refusal also for the others from there.
    private mutating func giveUpParts(_ refusal: RangeRefusal? = nil) {
        parts?.cancel()
        parts = nil
        plansLeft = 0
        guard let refusal else { return }
        // Behind one name there may be several: the one that gave the stream is what the next blob is judged by.
        if let answer { rangeless.insert(answer.origin) }
        if rangeless.insert(refusal.origin) {
            retries.logger.notice("\(refusal.origin) does not answer ranged requests well; no more parts from there")
        }
    }
}
