import CCrypto
public import OCI

/// SHA-256 of bytes that arrive in pieces.
///
/// OpenSSL's implementation: it uses the processor's SHA instructions, and the system keeps it up to date.
public struct SHA256: Sendable {
    /// A hash between two of its blocks, to be taken up again by another process. FIPS 180-4, 6.2.
    public struct State: Sendable, Equatable {
        /// H0 to H7.
        public var words: [UInt32]
        /// Bytes that were hashed, a multiple of `blockByteCount`.
        public var byteCount: UInt64

        /// - Parameter words: 8 of them.
        public init(words: [UInt32], byteCount: UInt64) {
            precondition(words.count == 8 && byteCount % SHA256.blockByteCount == 0, "a state is between two blocks")
            self.words = words
            self.byteCount = byteCount
        }
    }

    public static let blockByteCount: UInt64 = 64

    private var context = SHA256_CTX()
    private var byteCount: UInt64 = 0

    public init() {
        // Can only fail when there is no context.
        SHA256_Init(&context)
    }

    /// Goes on where another hash was.
    public init(resuming state: State) {
        self.init()
        withUnsafeMutableBytes(of: &context.h) { target in
            state.words.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        byteCount = state.byteCount
        context.Nl = UInt32(truncatingIfNeeded: byteCount << 3)
        context.Nh = UInt32(truncatingIfNeeded: byteCount >> 29)
    }

    /// nil in the middle of a block.
    public var state: State? {
        guard byteCount % Self.blockByteCount == 0 else { return nil }
        let words = withUnsafeBytes(of: context.h) { Array($0.bindMemory(to: UInt32.self)) }
        return State(words: words, byteCount: byteCount)
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        SHA256_Update(&context, start, bytes.count)
        byteCount += UInt64(bytes.count)
    }

    /// The digest of everything that was given to `update` so far.
    public var digest: Digest {
        var context = context
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let digest = withUnsafeMutableBytes(of: &bytes) { buffer in
            SHA256_Final(buffer.bindMemory(to: UInt8.self).baseAddress, &context)
            return Digest(bytes: buffer)
        }
        guard let digest else { preconditionFailure("SHA-256 has 32 bytes") }
        return digest
    }

    /// The digest of `bytes`.
    public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.digest
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
