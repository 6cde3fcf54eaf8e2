public import Content
public import OCI

/// An image in a registry. Made by `RegistryClient.image`.
public struct RegistryImage: ImageSource {
    private let reference: Reference
    private let endpoint: RegistryEndpoint?
    private let authorizer: Authorizer
    private let http: HTTPClient
    private let retries: RetryLoop
    private let configuration: RegistryConfiguration
    private let rangeless: RangelessOrigins

    init(
        reference: Reference, endpoint: RegistryEndpoint?, authorizer: Authorizer, http: HTTPClient,
        retries: RetryLoop, configuration: RegistryConfiguration, rangeless: RangelessOrigins
    ) {
        self.reference = reference
        self.endpoint = endpoint
        self.authorizer = authorizer
        self.http = http
        self.retries = retries
        self.configuration = configuration
        self.rangeless = rangeless
    }

    public var name: String { reference.familiar }

    /// Throws `RegistryError`.
    public func root() throws -> Document {
        try manifest(reference.manifestIdentifier, digest: reference.digest, size: nil, subject: name)
    }

    /// Throws `RegistryError`.
    public func manifest(_ descriptor: Descriptor) throws -> Document {
        let subject = subject(of: descriptor)
        return try manifest(
            descriptor.digest.description, digest: descriptor.digest, size: descriptor.size, subject: subject)
    }

    /// Throws `RegistryError`.
    public func config(_ descriptor: Descriptor) throws -> [UInt8] {
        let subject = subject(of: descriptor)
        try checkSize(
            descriptor.size, maximum: configuration.limits.maximumConfigByteCount, what: "config", subject: subject)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(descriptor.size))
        try stream(descriptor, from: 0) { bytes.append(contentsOf: $0) }
        guard SHA256.digest(of: bytes) == descriptor.digest else {
            throw RegistryError(kind: .invalid, subject: subject, problem: "the config does not match its digest")
        }
        return bytes
    }

    /// Throws `RegistryError`, and what `sink` throws.
    public func stream(
        _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let subject = subject(of: blob)
        guard offset >= 0, offset <= blob.size else {
            throw RegistryError(kind: .fault, subject: subject, problem: "asked from byte \(offset) of \(blob.size)")
        }
        // Nothing to ask for. Whether the bytes so far are right is not known here.
        guard offset < blob.size else { return }
        var fetch = BlobFetch(
            blob, from: offset, path: "/v2/\(reference.repository)/blobs/\(blob.digest)",
            exchange: try exchange(subject), retries: retries, settings: configuration.parts, rangeless: rangeless)
        try fetch.run(into: sink)
    }

    private func subject(of descriptor: Descriptor) -> String {
        "\(reference.registry)/\(reference.repository)@\(descriptor.digest)"
    }

    private func exchange(_ subject: String) throws(RegistryError) -> RegistryExchange {
        guard let endpoint else {
            throw RegistryError(
                kind: .usage, subject: subject, problem: "'\(reference.registry)' is no host and port")
        }
        return RegistryExchange(http: http, endpoint: endpoint, authorizer: authorizer, subject: subject)
    }

    private func checkSize(_ size: Int64, maximum: Int, what: String, subject: String) throws(RegistryError) {
        guard size >= 0 else {
            throw RegistryError(kind: .invalid, subject: subject, problem: "the \(what) has a negative size")
        }
        guard size <= maximum else {
            throw RegistryError(
                kind: .tooLarge, subject: subject,
                problem: "the \(what) has \(size) bytes, over the limit of \(maximum) (limit \(what)-size)")
        }
    }

    /// `digest` and `size` are checked where they are known.
    private func manifest(
        _ identifier: String, digest: Digest?, size: Int64?, subject: String
    ) throws -> Document {
        let maximum = configuration.limits.maximumManifestByteCount
        if let size { try checkSize(size, maximum: maximum, what: "manifest", subject: subject) }
        let request = ManifestRequest(
            path: "/v2/\(reference.repository)/manifests/\(identifier)", maximumBytes: maximum,
            exchange: try exchange(subject))
        return try retries.run { timeout in
            try request.document(digest: digest, size: size, connectTimeoutSeconds: timeout)
        }
    }
}
