import OCI

/// A blob on its way from a registry to a sink, over as many attempts as it takes. The sink sees no seam.
struct BlobStream {
    let blob: Descriptor
    /// Bytes of the blob that the sink has, those from before this stream included.
    private(set) var offset: Int64
    private let path: String
    private let exchange: RegistryExchange
    /// The entity tag of the first response, and who gave it: another one later means other content.
    private var version: (origin: HTTPURL.Origin, tag: String)?

    init(blob: Descriptor, offset: Int64, path: String, exchange: RegistryExchange) {
        self.blob = blob
        self.offset = offset
        self.path = path
        self.exchange = exchange
    }

    var isComplete: Bool { offset == blob.size }

    /// One attempt to receive all that is missing. Throws `AttemptFailure`, and what `sink` throws; `offset` says how far
    /// it came.
    mutating func receive(
        connectTimeoutSeconds: Double, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var headers: [(name: String, value: String)] = [("Accept-Encoding", "identity")]
        if offset > 0 { headers.append(("Range", "bytes=\(offset)-\(blob.size - 1)")) }
        do {
            var toSkip: Int64?
            let response = try exchange.get(
                path, headers: headers, connectTimeoutSeconds: connectTimeoutSeconds,
                onHead: { head, url in
                    toSkip = try BlobResponse(head).bytesToSkip(to: offset, of: blob, subject: exchange.subject)
                    guard toSkip != nil else { return .collect(maximumBytes: ErrorBody.maximumBytes) }
                    try check(head.strongEntityTag, from: url.origin)
                    return .deliver
                },
                onBody: { bytes in
                    let skipped = min(toSkip ?? 0, Int64(bytes.count))
                    toSkip = (toSkip ?? 0) - skipped
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[Int(skipped)...])
                    guard Int64(rest.count) <= blob.size - offset else {
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
            throw failure("the registry sends \(offset) of the \(blob.size) bytes of the blob", .retry())
        }
    }

    private mutating func check(_ tag: String?, from origin: HTTPURL.Origin) throws(AttemptFailure) {
        guard let tag else { return }
        if let version, offset > 0, version.origin == origin, version.tag != tag {
            throw failure("the registry changed the blob in mid-transfer (another ETag)")
        }
        version = (origin, tag)
    }

    private func failure(_ problem: String, _ advice: RetryAdvice = .never) -> AttemptFailure {
        AttemptFailure(.invalid, exchange.subject, problem, advice)
    }
}
