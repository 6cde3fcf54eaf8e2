import OCI

/// What the head of a response says about the bytes of a blob that follow. See RFC 9110, 15.3.7.
struct BlobResponse {
    private let head: HTTPResponseHead

    init(_ head: HTTPResponseHead) {
        self.head = head
    }

    /// Whether the body, or its absence, says something about the blob: an error's says something about the error.
    var isAboutBlob: Bool { [200, 206, 416].contains(head.status) }

    /// Whether the body is just the bytes in `range` of `blob`, as far as the head says.
    func isPart(_ range: Range<Int64>, of blob: Descriptor) -> Bool {
        guard head.status == 206, let stated = head.value("content-range").flatMap({ ContentRange($0) }) else {
            return false
        }
        if let header = head.value("docker-content-digest"), let digest = try? Digest(parsing: header),
            digest != blob.digest
        {
            return false
        }
        return stated.bytes == range.lowerBound...range.upperBound - 1 && stated.total ?? blob.size == blob.size
    }

    /// How many bytes of the body to leave out to get to `offset`, or nil when the body is not the blob's.
    ///
    /// Throws when what follows cannot be the bytes of `blob` from `offset` on.
    func bytesToSkip(to offset: Int64, of blob: Descriptor, subject: String) throws(AttemptFailure) -> Int64? {
        func failure(_ problem: String) -> AttemptFailure { AttemptFailure(.invalid, subject, problem) }
        guard isAboutBlob else { return nil }
        if let header = head.value("docker-content-digest"), let stated = try? Digest(parsing: header),
            stated != blob.digest
        {
            throw failure("the registry gives another blob, \(stated)")
        }
        switch head.status {
        case 200:
            // The server knows no ranges, or was not asked for one.
            if let length = head.contentLength, length > blob.size {
                throw failure("the registry has \(length) bytes, the manifest announced \(blob.size)")
            }
            return offset
        case 206:
            guard let range = head.value("content-range").flatMap({ ContentRange($0) }), let bytes = range.bytes else {
                throw failure("the registry sends a part of the blob without saying which (Content-Range)")
            }
            if let total = range.total, total != blob.size {
                throw failure("the registry has \(total) bytes, the manifest announced \(blob.size)")
            }
            guard bytes.lowerBound <= offset, bytes.upperBound >= offset else {
                throw failure(
                    "the registry sends bytes \(bytes.lowerBound)-\(bytes.upperBound), asked from byte \(offset) on")
            }
            return offset - bytes.lowerBound
        default:
            throw failure("the registry has fewer bytes than the \(blob.size) that the manifest announced (416)")
        }
    }
}

extension HTTPResponseHead {
    /// The ETag; nil for a weak one, which says nothing about single bytes. See RFC 9110, 8.8.3.
    var strongEntityTag: String? {
        value("etag").flatMap { $0.hasPrefix("\"") ? $0 : nil }
    }

    /// Accept-Ranges: none. See RFC 9110, 14.3.
    var refusesRanges: Bool { value("accept-ranges")?.lowercased() == "none" }
}
