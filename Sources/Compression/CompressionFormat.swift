/// How a layer's blob is compressed. The media type of a layer is only a hint: mislabelled ones exist, the first bytes
/// decide.
public enum CompressionFormat: String, Sendable, CaseIterable {
    /// RFC 1952, any number of members one after the other.
    case gzip
    /// RFC 8878, any number of frames and skippable frames.
    case zstd
    /// The bytes are what they are.
    case none

    /// The format of a stream with these first bytes, of which four are enough.
    public static func detect(_ prefix: UnsafeRawBufferPointer) -> Self {
        guard case .known(let format) = Detection(prefix) else { return .none }
        return format
    }
}

/// What the first bytes of a stream tell.
enum Detection: Equatable {
    case known(CompressionFormat)
    /// A compression that no layer may have, by name.
    case foreign(String)
    /// More bytes are needed.
    case open

    /// The first byte of each, the bits of it that count, and the bytes after it.
    private static let magics: [(first: UInt8, mask: UInt8, rest: [UInt8], meaning: Self)] = [
        (0x1f, 0xff, [0x8b], .known(.gzip)),
        (0x28, 0xff, [0xb5, 0x2f, 0xfd], .known(.zstd)),
        // A skippable frame: 50 2a 4d 18 to 5f 2a 4d 18.
        (0x50, 0xf0, [0x2a, 0x4d, 0x18], .known(.zstd)),
        (0xfd, 0xff, [0x37, 0x7a, 0x58, 0x5a, 0x00], .foreign("xz")),
    ]

    init(_ prefix: UnsafeRawBufferPointer) {
        guard let first = prefix.first else {
            self = .open
            return
        }
        for magic in Self.magics where first & magic.mask == magic.first {
            if prefix.dropFirst().starts(with: magic.rest) {
                self = magic.meaning
                return
            }
            if magic.rest.starts(with: prefix.dropFirst()) {
                self = .open
                return
            }
        }
        self = .known(.none)
    }
}
