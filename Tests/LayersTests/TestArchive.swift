import Content
import OCI
import Testing

@testable import Compression

/// A small archive and its blob.
struct TestArchive: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let blobBytes: [UInt8]

    var testDescription: String { "an archive of \(bytes.count) bytes" }
    var diffID: Digest { SHA256.digest(of: bytes) }
    var blob: Descriptor { Self.descriptor(of: blobBytes) }

    init(_ bytes: [UInt8], blobBytes: [UInt8]? = nil) {
        self.bytes = bytes
        self.blobBytes = blobBytes ?? GzipWriter.gzip(bytes, level: 1)
    }

    /// `fileCount` files whose contents do not compress.
    init(fileCount: Int, fileByteCount: Int) {
        var random: UInt64 = 0x2545_f491_4f6c_dd1d
        var bytes: [UInt8] = []
        for number in 0..<fileCount {
            var content = [UInt8](repeating: 0, count: fileByteCount)
            for position in content.indices {
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                content[position] = UInt8(truncatingIfNeeded: random)
            }
            bytes += Self.member("file-\(number)", content)
        }
        self.init(bytes + [UInt8](repeating: 0, count: 1024))
    }

    /// The blob inflated from `checkpoint` on: at most `count` bytes.
    func inflated(_ count: Int, from checkpoint: Checkpoint) throws -> ArraySlice<UInt8> {
        let inflater = try Inflater(resumingAt: checkpoint)
        var output = [UInt8](repeating: 0, count: count)
        let written = try blobBytes[Int(checkpoint.compressedByteOffset)...].withUnsafeBytes { rest in
            var input = rest
            return try output.withUnsafeMutableBytes { try inflater.inflate(&input, into: $0) }
        }
        return output[..<written]
    }

    static func descriptor(of bytes: [UInt8]) -> Descriptor {
        Descriptor(
            mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: SHA256.digest(of: bytes),
            size: Int64(bytes.count))
    }

    /// A regular file: header block, content, padding.
    static func member(_ name: String, _ content: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(content.count, digits: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0ustar", at: 156)
        put("00", at: 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6), at: 148)
        header[154] = 0
        return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }
}
