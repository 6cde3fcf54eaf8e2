/// A SHA-256 digest, written `sha256:<64 lower-case hex digits>`.
///
/// The image specification lets registries offer other algorithms; in practice none does, and one algorithm keeps
/// a digest a fixed-size value that is cheap to compare and to hash.
/// See the OCI image specification, descriptor.md, "Digests".
public struct Digest: Hashable, Sendable {
    /// The 32 bytes as four big-endian words.
    let words: (UInt64, UInt64, UInt64, UInt64)

    public enum ParseError: Error, Equatable, CustomStringConvertible {
        case malformed(String)
        case unsupportedAlgorithm(String)

        public var description: String {
            switch self {
            case .malformed(let text): "'\(text)' is not a digest (sha256: and 64 lower-case hex digits)"
            case .unsupportedAlgorithm(let name): "digest algorithm '\(name)' is not supported, only sha256 is"
            }
        }
    }

    /// Throws when `text` is not `sha256:` and 64 lower-case hexadecimal digits.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed(String(text)) }
        let algorithm = text[..<colon]
        let hex = text.utf8[text.utf8.index(after: colon)...]
        guard algorithm == "sha256" else {
            let isName = !algorithm.isEmpty && algorithm.utf8.allSatisfy(Self.isAlgorithmByte)
            throw isName && !hex.isEmpty ? .unsupportedAlgorithm(String(algorithm)) : .malformed(String(text))
        }
        guard let digest = Self(hexDigits: hex) else { throw .malformed(String(text)) }
        self = digest
    }

    /// A digest from its 64 hexadecimal digits alone, as in file names; nil for anything else.
    public init?(hex: some StringProtocol) {
        self.init(hexDigits: hex.utf8)
    }

    /// A digest from its 32 bytes; nil for another number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var values: [UInt64] = [0, 0, 0, 0]
        for (position, byte) in bytes.enumerated() { values[position / 8] = values[position / 8] << 8 | UInt64(byte) }
        words = (values[0], values[1], values[2], values[3])
    }

    private init?(hexDigits: some Collection<UInt8>) {
        guard hexDigits.count == 64 else { return nil }
        var values: [UInt64] = [0, 0, 0, 0]
        for (position, digit) in hexDigits.enumerated() {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            values[position / 16] = values[position / 16] << 4 | UInt64(value)
        }
        words = (values[0], values[1], values[2], values[3])
    }

    private static func isAlgorithmByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// The 32 bytes of the digest.
    public var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    /// The 64 lower-case hexadecimal digits, without the algorithm.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 64) { buffer in
            for (position, byte) in bytes.enumerated() {
                buffer[2 * position] = digits[Int(byte >> 4)]
                buffer[2 * position + 1] = digits[Int(byte & 15)]
            }
            return 64
        }
    }

    /// The first twelve hexadecimal digits, for lines that people read.
    public var short: String { String(hex.prefix(12)) }

    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

extension Digest: CustomStringConvertible {
    public var description: String { "sha256:" + hex }
}

extension Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
