import Tar
import Testing

/// Parses an archive that arrives in pieces of `pieceByteCount`; nil for a single piece.
func parse(_ archive: [UInt8], pieceByteCount: Int?, limits: TarLimits = TarLimits()) -> ParseResult {
    var parser = TarParser(limits: limits)
    var entries: [TarEntry] = []
    do {
        try archive.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(pieceByteCount ?? rest.count)
                // A copy of the piece's own size, so that reading past its end is noticed by the sanitizer.
                try Array(piece).withUnsafeBytes { piece in try parser.push(piece) { entries.append(copy $0) } }
                rest = rest.dropFirst(piece.count)
            }
        }
        try parser.finish()
        #expect(parser.byteCount == UInt64(archive.count))
    } catch let error as TarError {
        return ParseResult(entries: entries, error: error)
    } catch {
        Issue.record(error)
    }
    return ParseResult(entries: entries, error: nil)
}

struct ParseResult: Equatable {
    var entries: [TarEntry]
    var error: TarError?
}

/// Parses an archive in pieces of several sizes, which must not make a difference.
func parse(_ archive: [UInt8], limits: TarLimits = TarLimits()) -> ParseResult {
    let whole = parse(archive, pieceByteCount: nil, limits: limits)
    for pieceByteCount in [1, 7, 511, 512, 513] {
        let split = parse(archive, pieceByteCount: pieceByteCount, limits: limits)
        #expect(split == whole, "pieces of \(pieceByteCount) bytes")
    }
    return whole
}

/// The members of an archive that must have no error.
func entries(
    _ archive: [UInt8], limits: TarLimits = TarLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> [TarEntry] {
    let result = parse(archive, limits: limits)
    #expect(result.error == nil, sourceLocation: sourceLocation)
    return result.entries
}

/// The only member of an archive that must have no error.
func entry(_ archive: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> TarEntry {
    let all = entries(archive, sourceLocation: sourceLocation)
    #expect(all.count == 1, sourceLocation: sourceLocation)
    return try #require(all.first, sourceLocation: sourceLocation)
}

extension TarEntry {
    var name: String { String(decoding: path, as: UTF8.self) }
    var linkName: String { String(decoding: linkPath, as: UTF8.self) }

    /// The file's bytes out of the archive, holes as zeros.
    func content(in archive: [UInt8]) -> [UInt8] {
        var content = [UInt8](repeating: 0, count: Int(size))
        for extent in extents {
            content.replaceSubrange(
                Int(extent.fileOffset)..<Int(extent.fileOffset + extent.length),
                with: archive[Int(extent.archiveOffset)..<Int(extent.archiveOffset + extent.length)])
        }
        return content
    }

    func text(in archive: [UInt8]) -> String { String(decoding: content(in: archive), as: UTF8.self) }
}
