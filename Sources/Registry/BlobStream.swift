import OCI

/// A blob, or a part of it, on its way from a registry to a sink, over as many attempts as it takes. The sink sees no
/// seam.
struct BlobStream {
    /// What to bring.
    enum Want {
        /// Everything from an offset on.
        case rest(from: Int64)
        /// The same, but the server is asked for the whole blob, and what comes before the offset is left out.
        case all(skipping: Int64)
        /// These bytes of this version, by an answer that has just them.
        case part(Range<Int64>, of: BlobVersion?)
    }

    /// What the head of a response said.
    struct Answer {
        /// After redirects.
        var url: HTTPURL
        var version: BlobVersion?
        /// From the request, without connecting and redirects, to the head of the response.
        var latencySeconds: Double
        var ignoresRange: Bool

        var origin: HTTPURL.Origin { url.origin }
    }

    let blob: Descriptor
    /// Bytes of the blob that the sink has, those from before this stream included.
    private(set) var offset: Int64
    /// Where what is wanted ends.
    private let end: Int64
    private let isPart: Bool
    private let asksForRange: Bool
    private let path: String
    private let exchange: RegistryExchange
    /// Of the first response: another one later means other content.
    private var version: BlobVersion?

    init(blob: Descriptor, wanting want: Want, path: String, exchange: RegistryExchange) {
        self.blob = blob
        self.path = path
        self.exchange = exchange
        switch want {
        case .rest(let offset), .all(let offset):
            self.offset = offset
            end = blob.size
            isPart = false
            if case .rest = want { asksForRange = true } else { asksForRange = false }
        case .part(let range, let version):
            offset = range.lowerBound
            end = range.upperBound
            isPart = true
            asksForRange = true
            self.version = version
        }
    }

    var isComplete: Bool { offset == end }

    /// One attempt to receive all that is missing. Throws `AttemptFailure`, for a part also `RangeRefusal`, and what
    /// `onAnswer` and `sink` throw; `offset` says how far it came.
    mutating func receive(
        connectTimeoutSeconds: Double, onAnswer: (Answer) throws -> Void = { _ in },
        into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var headers: [(name: String, value: String)] = [("Accept-Encoding", "identity")]
        let isRanged = asksForRange && (offset > 0 || end < blob.size)
        if isRanged { headers.append(("Range", "bytes=\(offset)-\(end - 1)")) }
        do {
            var toSkip: Int64?
            var origin: HTTPURL.Origin?
            let response = try exchange.get(
                path, headers: headers, connectTimeoutSeconds: connectTimeoutSeconds,
                onHead: { head, url in
                    toSkip = try bytesToSkip(head, from: url.origin)
                    guard toSkip != nil else { return .collect(maximumBytes: ErrorBody.maximumBytes) }
                    origin = url.origin
                    try onAnswer(
                        Answer(
                            url: url, version: version, latencySeconds: head.latencySeconds,
                            ignoresRange: head.refusesRanges || isRanged && head.status == 200))
                    return .deliver
                },
                onBody: { bytes in
                    let skipped = min(toSkip ?? 0, Int64(bytes.count))
                    toSkip = (toSkip ?? 0) - skipped
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[Int(skipped)...])
                    guard Int64(rest.count) <= end - offset else {
                        if isPart, let origin { throw RangeRefusal(origin: origin) }
                        throw failure("the registry sends more than the \(blob.size) bytes of the blob")
                    }
                    guard !rest.isEmpty else { return }
                    try sink(rest)
                    offset += Int64(rest.count)
                })
            guard toSkip != nil else {
                throw FailureText.failure(
                    response.head, body: response.body, of: response.url, subject: exchange.subject,
                    missing: "the registry has no such blob")
            }
        } catch let failure as AttemptFailure where isComplete && failure.advice != .never {
            // The connection broke after the last byte.
            return
        }
        guard isComplete else {
            throw failure("the registry's answer ends at byte \(offset), asked up to byte \(end)", .retry())
        }
    }

    /// Nil when the body is not the blob's.
    private mutating func bytesToSkip(_ head: HTTPResponseHead, from origin: HTTPURL.Origin) throws -> Int64? {
        let response = BlobResponse(head)
        let answered = head.strongEntityTag.map { BlobVersion(origin: origin, tag: $0) }
        let isOther = version?.differs(from: answered) ?? false
        if isPart {
            guard response.isAboutBlob else { return nil }
            guard !isOther, response.isPart(offset..<end, of: blob) else { throw RangeRefusal(origin: origin) }
            return 0
        }
        let toSkip = try response.bytesToSkip(to: offset, of: blob, subject: exchange.subject)
        guard toSkip != nil else { return nil }
        if isOther, offset > 0 { throw failure("the registry changed the blob in mid-transfer (another ETag)") }
        version = answered ?? version
        return toSkip
    }

    private func failure(_ problem: String, _ advice: RetryAdvice = .never) -> AttemptFailure {
        AttemptFailure(.invalid, exchange.subject, problem, advice)
    }
}

/// The entity tag of a blob, and who gave it: different hosts may have different ones. See RFC 9110, 8.8.3.
struct BlobVersion: Sendable, Equatable {
    var origin: HTTPURL.Origin
    var tag: String

    func differs(from other: BlobVersion?) -> Bool {
        other.map { $0.origin == origin && $0.tag != tag } ?? false
    }
}
