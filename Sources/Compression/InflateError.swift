/// Why a compressed stream cannot be inflated, and where.
public struct InflateError: Error, Equatable, Sendable {
    public enum Reason: Error, Equatable, Sendable {
        /// The bytes do not follow the format.
        case corrupt(CompressionFormat, detail: String)
        /// A checksum or a length in the stream says that the inflated bytes are wrong.
        case checksumMismatch(CompressionFormat)
        /// The stream ends before the format allows it to.
        case truncated(CompressionFormat)
        /// Something other than zeros after the end.
        case trailingGarbage(CompressionFormat)
        /// The stream ends before it is clear what it is.
        case tooShort
        /// A compression that layers do not have, by its name.
        case unsupported(String)
        /// More inflated bytes than `InflateLimits.maximumByteCount`.
        case tooLarge(limit: UInt64)
        /// More inflated bytes for each compressed one than `InflateLimits.maximumExpansion`.
        case expandsTooMuch(limit: UInt64)
        /// A zstd frame that needs more memory than `InflateLimits.maximumWindowByteCount`.
        case windowTooLarge(limit: UInt64)
        case outOfMemory
    }

    public var reason: Reason
    /// Compressed bytes from the start of the stream to where the error was noticed.
    public var offset: UInt64

    public init(_ reason: Reason, at offset: UInt64) {
        self.reason = reason
        self.offset = offset
    }

    /// Whether the content is well-formed so far but goes over a limit.
    public var isLimit: Bool {
        switch reason {
        case .tooLarge, .expandsTooMuch, .windowTooLarge: true
        case .corrupt, .checksumMismatch, .truncated, .trailingGarbage, .tooShort, .unsupported, .outOfMemory: false
        }
    }
}

extension InflateError: CustomStringConvertible {
    public var description: String { "\(reason) (compressed offset \(offset))" }
}

extension InflateError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .corrupt(let format, let detail): "corrupt \(format.rawValue) stream: \(detail)"
        case .checksumMismatch(let format): "\(format.rawValue) checksum does not match the inflated bytes"
        case .truncated(let format): "the \(format.rawValue) stream is cut off"
        case .trailingGarbage(let format): "unexpected bytes after the end of the \(format.rawValue) stream"
        case .tooShort: "the stream is cut off"
        case .unsupported(let name): "compressed with \(name), which is not supported"
        case .tooLarge(let limit): "inflates to more than \(limit) bytes (limit layer-size)"
        case .expandsTooMuch(let limit): "inflates to more than \(limit) times its compressed size (limit expansion)"
        case .windowTooLarge(let limit): "zstd window larger than \(limit) bytes (limit zstd-window)"
        case .outOfMemory: "out of memory"
        }
    }
}
