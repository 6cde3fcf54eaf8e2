import Content
import OCI

/// The request for an index or a manifest.
struct ManifestRequest {
    var path: String
    var maximumBytes: Int
    var exchange: RegistryExchange

    /// One attempt. Throws `AttemptFailure`. `digest` and `size` are checked where they are known.
    func document(digest: Digest?, size: Int64?, connectTimeoutSeconds: Double) throws -> Document {
        let subject = exchange.subject
        let response = try exchange.get(
            path, headers: [("Accept", MediaType.accept.joined(separator: ", "))],
            connectTimeoutSeconds: connectTimeoutSeconds,
            onHead: { head, _ in
                .collect(maximumBytes: head.status == 200 ? maximumBytes : ErrorBody.maximumBytes)
            })
        guard response.head.status == 200 else {
            throw FailureText.failure(
                response.head, body: response.body, of: response.url, subject: subject,
                missing: "the registry has no such repository, tag or digest")
        }
        guard !response.isCut else {
            throw AttemptFailure(
                .tooLarge, subject, "the manifest is over the limit of \(maximumBytes) bytes (limit manifest-size)")
        }
        if let size, Int64(response.body.count) != size {
            throw AttemptFailure(
                .invalid, subject, "the manifest has \(response.body.count) bytes and was announced with \(size)")
        }
        // "application/vnd.oci.image.manifest.v1+json; charset=utf-8"
        let mediaType = (response.head.value("content-type") ?? "").prefix { $0 != ";" && $0 != " " }
        let document = Document(bytes: response.body, mediaType: mediaType.lowercased())
        if let digest, document.digest != digest {
            throw AttemptFailure(.invalid, subject, "the manifest does not match its digest: it is \(document.digest)")
        }
        // Other algorithms than SHA-256 cannot be compared.
        if let header = response.head.value("docker-content-digest"), let stated = try? Digest(parsing: header),
            stated != document.digest
        {
            throw AttemptFailure(
                .invalid, subject, "the registry says that the manifest is \(stated), but it is \(document.digest)")
        }
        return document
    }
}
