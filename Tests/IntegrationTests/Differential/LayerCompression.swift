import CZlib
import CZstd
import Glibc

/// Archives compressed as layers are seen, in one piece and in several.
enum LayerCompression {
    static func blob(_ archive: [UInt8], _ compression: RandomLayer.Compression, directory: TestDirectory) throws
        -> [UInt8]
    {
        switch compression {
        case .none: archive
        case .gzip: try gzip(archive[...])
        case .gzipMembers: try gzip(archive.prefix(archive.count / 2)) + gzip(archive.suffix(from: archive.count / 2))
        case .zstd: try zstd(archive[...])
        case .zstdFrames: try zstd(archive.prefix(archive.count / 3)) + zstd(archive.suffix(from: archive.count / 3))
        case .pigz: try pigz(archive, directory)
        }
    }

    static func mediaType(_ compression: RandomLayer.Compression) -> String {
        let suffix =
            switch compression {
            case .none: ""
            case .gzip, .gzipMembers, .pigz: "+gzip"
            case .zstd, .zstdFrames: "+zstd"
            }
        return "application/vnd.oci.image.layer.v1.tar" + suffix
    }

    private static func gzip(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
        var stream = z_stream()
        let size = Int32(MemoryLayout<z_stream>.size)
        // 15 bits of window and 16 for the gzip format.
        guard deflateInit2_(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
            throw TestFailure("deflateInit2")
        }
        defer { deflateEnd(&stream) }
        var input = Array(bytes)
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))) + 64)
        let end = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        guard end == Z_STREAM_END else { throw TestFailure("deflate: \(end)") }
        return Array(output.prefix(Int(stream.total_out)))
    }

    private static func zstd(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
        let input = Array(bytes)
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(input.count))
        let count = ZSTD_compress(&output, output.count, input, input.count, 1)
        guard ZSTD_isError(count) == 0 else { throw TestFailure("ZSTD_compress") }
        return Array(output.prefix(count))
    }

    private static func pigz(_ archive: [UInt8], _ directory: TestDirectory) throws -> [UInt8] {
        let file = directory.path("for-pigz.tar")
        try write(archive, to: file)
        try output("pigz", "-n", "-b", "128", "-p", "2", file)
        defer { unlink(file + ".gz") }
        return readBytes(file + ".gz")
    }
}
