public import OCI

/// The first 64 bytes that layer index and tree files have in common, and what they promise.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 8 | magic |
/// | 8 | 4 | version |
/// | 12 | 4 | 0 |
/// | 16 | 8 | checksum of all bytes after this field |
/// | 24 | 8 | bytes of the whole file |
/// | 32 | 32 | the digest that the content belongs to |
///
/// All numbers are little-endian. A reader refuses every version but its own: what is refused is made again.
public struct SealedFile: Sendable {
    public static let headerByteCount = 64

    /// Eight ASCII bytes.
    public let magic: StaticString
    public let version: UInt32

    public init(magic: StaticString, version: UInt32) {
        precondition(magic.utf8CodeUnitCount == 8, "a magic has eight bytes")
        self.magic = magic
        self.version = version
    }

    /// Writes the header over the first 64 bytes of a finished file.
    public func seal(_ file: UnsafeMutableRawBufferPointer, identity: Digest) {
        precondition(file.count >= Self.headerByteCount, "a sealed file has room for its header")
        magic.withUTF8Buffer { file.copyBytes(from: $0) }
        file.storeBytes(of: version.littleEndian, toByteOffset: 8, as: UInt32.self)
        file.storeBytes(of: 0, toByteOffset: 12, as: UInt32.self)
        file.storeBytes(of: UInt64(file.count).littleEndian, toByteOffset: 24, as: UInt64.self)
        UnsafeMutableRawBufferPointer(rebasing: file[32..<64]).copyBytes(from: identity.bytes)
        let checksum = FileChecksum.of(UnsafeRawBufferPointer(rebasing: file[24...]))
        file.storeBytes(of: checksum.littleEndian, toByteOffset: 16, as: UInt64.self)
    }

    /// Says what is wrong with the header or the checksum of `file`; nil when nothing is.
    public func fault(in file: UnsafeRawBufferPointer, identity: Digest) -> String? {
        guard file.count >= Self.headerByteCount else { return "it has \(file.count) bytes, less than a header" }
        let magicMatches = magic.withUTF8Buffer { $0.elementsEqual(file[0..<8]) }
        guard magicMatches else { return "it does not begin with \(magic)" }
        let found = UInt32(littleEndian: file.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard found == version, file.loadUnaligned(fromByteOffset: 12, as: UInt32.self) == 0 else {
            return "it has version \(found), this program reads version \(version)"
        }
        let byteCount = UInt64(littleEndian: file.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        guard byteCount == UInt64(file.count) else { return "it has \(file.count) bytes instead of \(byteCount)" }
        let checksum = UInt64(littleEndian: file.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        guard checksum == FileChecksum.of(UnsafeRawBufferPointer(rebasing: file[24...])) else {
            return "its checksum does not match"
        }
        guard identity.bytes.elementsEqual(file[32..<64]) else { return "it belongs to another digest" }
        return nil
    }
}
