import CCrypto
public import OCI

/// SHA-256 of bytes that arrive in pieces.
///
/// OpenSSL's implementation: it uses the processor's SHA instructions, and the system keeps it up to date.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("OpenSSL cannot make a SHA-256 context: out of memory, or a policy that forbids SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        precondition(
            EVP_DigestUpdate(context, start, bytes.count) == 1, "a SHA-256 context takes bytes until it is read")
    }

    /// The digest of everything that was given to `update`.
    public consuming func finish() -> Digest {
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let digest = withUnsafeMutableBytes(of: &bytes) { buffer in
            precondition(
                EVP_DigestFinal_ex(context, buffer.bindMemory(to: UInt8.self).baseAddress, nil) == 1,
                "a SHA-256 context can be read once")
            return Digest(bytes: buffer)
        }
        guard let digest else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }

    /// The digest of `bytes`.
    public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.finish()
    }

    /// The digest of `bytes`.
    public static func digest(of bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { digest(of: $0) }
    }
}

extension Document {
    /// Hashes `bytes`.
    public init(bytes: [UInt8], mediaType: String) {
        self.init(bytes: bytes, mediaType: mediaType, digest: SHA256.digest(of: bytes))
    }
}
