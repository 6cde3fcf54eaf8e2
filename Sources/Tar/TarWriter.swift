/// Makes archives: PAX (POSIX.1-2001), with GNU's format 1.0 for sparse files and star's records for extended attributes,
/// which GNU tar, bsdtar, Go and this package's parser read.
///
/// One entry always gives the same bytes. A PAX header is written only where the plain one cannot say it.
public enum TarWriter {
    /// What ends an archive.
    public static let end = [UInt8](repeating: 0, count: 2 * blockByteCount)

    static let blockByteCount = 512

    /// All that stands before the content of an entry.
    ///
    /// `entry.extents` says which parts of the file are stored: none or a single one for the whole file; otherwise the file
    /// is written as a sparse one, and extents begin and end at multiples of 512, except at the file's end. The content
    /// that follows is that of the extents, one after the other, then `paddingByteCount` zeros.
    public static func header(of entry: TarEntry) -> [UInt8] {
        var records: [(keyword: [UInt8], value: [UInt8])] = []
        func record(_ keyword: String, _ value: [UInt8]) { records.append((Array(keyword.utf8), value)) }
        func record(_ keyword: String, _ value: some BinaryInteger) { record(keyword, Array("\(value)".utf8)) }

        let map = isSparse(entry) ? sparseMap(of: entry) : []
        var plain = PlainHeader(entry, storedByteCount: UInt64(map.count) + contentByteCount(of: entry))
        if isSparse(entry) {
            record("GNU.sparse.major", 1)
            record("GNU.sparse.minor", 0)
            record("GNU.sparse.name", entry.path)
            record("GNU.sparse.realsize", entry.size)
            plain.path = Array("GNUSparseFile.0/".utf8) + lastComponent(entry.path).prefix(80)
        } else if entry.path.count > PlainHeader.pathByteCount {
            record("path", entry.path)
        }
        if entry.linkPath.count > PlainHeader.pathByteCount { record("linkpath", entry.linkPath) }
        if plain.size > PlainHeader.maximumSize { record("size", plain.size) }
        if entry.userID > PlainHeader.maximumIdentifier { record("uid", entry.userID) }
        if entry.groupID > PlainHeader.maximumIdentifier { record("gid", entry.groupID) }
        if !PlainHeader.hasRoom(forSeconds: entry.modificationSeconds) || entry.modificationNanoseconds > 0 {
            record("mtime", time(entry.modificationSeconds, entry.modificationNanoseconds))
        }
        for attribute in entry.extendedAttributes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            records.append((Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value))
        }

        var bytes: [UInt8] = []
        if !records.isEmpty {
            var content: [UInt8] = []
            for (keyword, value) in records { content += Self.record(keyword, value) }
            bytes += PlainHeader(extendedHeaderOf: entry, byteCount: UInt64(content.count)).block
            bytes += content
            bytes += zeros(paddingByteCount(after: UInt64(content.count)))
        }
        return bytes + plain.block + map
    }

    /// Bytes of content that follow the header.
    public static func contentByteCount(of entry: TarEntry) -> UInt64 {
        guard entry.kind == .regular else { return 0 }
        return isSparse(entry) ? entry.extents.reduce(0) { $0 + $1.length } : entry.size
    }

    /// Zeros between a content and the next header.
    public static func paddingByteCount(after contentByteCount: UInt64) -> Int {
        Int((UInt64(blockByteCount) - contentByteCount % UInt64(blockByteCount)) % UInt64(blockByteCount))
    }

    /// The parts of a file that hold data, widened to blocks; two that touch become one. `data` is in order.
    public static func blockExtents(of data: [Range<UInt64>], size: UInt64) -> [TarEntry.Extent] {
        let block = UInt64(blockByteCount)
        var extents: [TarEntry.Extent] = []
        for range in data where !range.isEmpty {
            let start = range.lowerBound / block * block
            let end = min((range.upperBound + block - 1) / block * block, size)
            if let last = extents.last, last.fileOffset + last.length >= start {
                extents[extents.count - 1].length = max(end, last.fileOffset + last.length) - last.fileOffset
            } else {
                extents.append(.init(fileOffset: start, archiveOffset: 0, length: end - start))
            }
        }
        return extents
    }

    private static func isSparse(_ entry: TarEntry) -> Bool {
        guard entry.kind == .regular, entry.size > 0 else { return false }
        return entry.extents != [.init(fileOffset: 0, archiveOffset: 0, length: entry.size)]
    }

    /// Decimal lines: how many extents, then offset and length of each; filled up to a block.
    private static func sparseMap(of entry: TarEntry) -> [UInt8] {
        var extents = entry.extents.map { ($0.fileOffset, $0.length) }
        // GNU tar says where a file ends that ends with a hole.
        if extents.last.map({ $0.0 + $0.1 < entry.size }) ?? true { extents.append((entry.size, 0)) }
        var text = "\(extents.count)\n"
        for (offset, length) in extents { text += "\(offset)\n\(length)\n" }
        let bytes = Array(text.utf8)
        return bytes + zeros(paddingByteCount(after: UInt64(bytes.count)))
    }

    /// `LENGTH KEYWORD=VALUE\n`, where LENGTH counts its own digits.
    private static func record(_ keyword: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + keyword + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count + 1
        while "\(length)".utf8.count + rest.count != length { length = "\(length)".utf8.count + rest.count }
        return Array("\(length)".utf8) + rest
    }

    /// Seconds with their fraction; both count from the same side, so -0.25 s is -1 s and 750,000,000 ns.
    private static func time(_ seconds: Int64, _ nanoseconds: UInt32) -> [UInt8] {
        guard nanoseconds > 0 else { return Array("\(seconds)".utf8) }
        let isNegative = seconds < 0
        let whole = isNegative ? -(seconds + 1) : seconds
        let fraction = isNegative ? 1_000_000_000 - nanoseconds : nanoseconds
        var digits = "\(fraction)"
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return Array("\(isNegative ? "-" : "")\(whole).\(digits)".utf8)
    }

    static func lastComponent(_ path: [UInt8]) -> ArraySlice<UInt8> {
        path.split(separator: UInt8(ascii: "/")).last ?? path[...]
    }

    static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
