import TestSupport

/// Writes random layers as archives, in the dialects that layers are seen in.
///
/// What a dialect cannot say goes into a PAX header in front of the member, as tar programs do it.
struct TarWriter {
    enum Dialect: String, CaseIterable { case v7, ustar, pax, gnu, star }

    private let dialect: Dialect
    private let namePrefix: [UInt8]
    private var random: SeededGenerator
    private(set) var bytes: [UInt8] = []

    static func archive(_ layer: RandomLayer, _ dialect: Dialect, seed: UInt64) -> [UInt8] {
        var writer = TarWriter(dialect: dialect, namePrefix: Array(layer.namePrefix.utf8), random: .init(seed: seed))
        if layer.hasGlobalHeader {
            writer.addExtendedHeader([Self.record("comment", Array("a global header".utf8))], type: "g")
        }
        for entry in layer.entries { writer.add(entry) }
        writer.bytes += [UInt8](repeating: 0, count: writer.random.pick([0, 512, 1024, 1024, 1024, 10240]))
        // Garbage behind the end belongs to the layer's digest and to nothing else.
        if writer.random.chance(5), writer.bytes.suffix(1024).allSatisfy({ $0 == 0 }), writer.bytes.count >= 1024 {
            writer.bytes += writer.random.bytes(700)
        }
        return writer.bytes
    }

    private init(dialect: Dialect, namePrefix: [UInt8], random: SeededGenerator) {
        self.dialect = dialect
        self.namePrefix = namePrefix
        self.random = random
    }

    /// A member's header while it is put together.
    private struct Header {
        var block = [UInt8](repeating: 0, count: 512)
        var records: [[UInt8]] = []
        var content: [UInt8] = []

        mutating func put(_ offset: Int, _ bytes: [UInt8]) {
            block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        }
    }

    private mutating func add(_ entry: LayerEntry) {
        var header = Header()
        var path = namePrefix + entry.path
        var type: Character
        var linkTarget: [UInt8] = []
        switch entry.kind {
        case .file:
            type = dialect == .v7 ? "\0" : "0"
        case .directory:
            type = "5"
            if path.isEmpty {
                path = Array("./".utf8)
            } else if path.last != UInt8(ascii: "/") {
                path.append(UInt8(ascii: "/"))
            }
            if dialect == .v7, random.chance(50) { type = "\0" }
        case .symbolicLink(let target): (type, linkTarget) = ("2", target)
        case .hardLink(let target): (type, linkTarget) = ("1", namePrefix + target)
        case .characterDevice: type = "3"
        case .blockDevice: type = "4"
        case .fifo: type = "6"
        case .whiteout:
            type = "0"
            path = namePrefix + LayerDirectory.whiteoutPath(entry.path)
        case .opaque:
            type = "0"
            path = namePrefix + entry.path.appending(component: Array(".wh..wh..opq".utf8))
        }
        header.block[156] = type.asciiValue ?? 0
        putMagic(&header, type)
        putAttributes(&header, entry.attributes)
        if case .file(let content) = entry.kind {
            putContent(&header, content, &path)
        } else {
            putNumber(&header, 124, 12, "size", 0)
        }
        switch entry.kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            header.put(329, Self.octal(UInt64(major), 8))
            header.put(337, Self.octal(UInt64(minor), 8))
        default: break
        }
        putNames(&header, path, linkTarget)
        if !header.records.isEmpty { addExtendedHeader(header.records.shuffled(using: &random), type: "x") }
        addBlock(header)
        addContent(header.content)
    }

    private func putMagic(_ header: inout Header, _ type: Character) {
        switch dialect {
        // Device numbers are not in v7's header.
        case .v7 where type != "3" && type != "4": break
        case .gnu: header.put(257, Array("ustar  \0".utf8))
        case .star:
            header.put(257, Array("ustar\u{0}00".utf8))
            header.put(508, Array("tar\0".utf8))
        default: header.put(257, Array("ustar\u{0}00".utf8))
        }
    }

    private mutating func putAttributes(_ header: inout Header, _ attributes: FileAttributes) {
        header.put(100, Self.octal(UInt64(attributes.mode), 8))
        putNumber(&header, 108, 8, "uid", Int(attributes.userID))
        putNumber(&header, 116, 8, "gid", Int(attributes.groupID))
        if attributes.mtimeNanoseconds == 0 {
            putNumber(&header, 136, 12, "mtime", attributes.mtimeSeconds)
        } else {
            header.put(136, Self.octal(UInt64(max(0, attributes.mtimeSeconds)), 12))
            header.records.append(Self.record("mtime", Array(Self.time(attributes).utf8)))
        }
        for attribute in attributes.extendedAttributes {
            header.records.append(Self.record("SCHILY.xattr." + attribute.name, attribute.value))
        }
    }

    /// Seconds with a fraction; -1.25 is a quarter of a second before -1.
    private static func time(_ attributes: FileAttributes) -> String {
        var (seconds, nanoseconds) = (attributes.mtimeSeconds, attributes.mtimeNanoseconds)
        let isNegative = seconds < 0
        if isNegative { (seconds, nanoseconds) = (-(seconds + 1), 1_000_000_000 - nanoseconds) }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return (isNegative ? "-" : "") + "\(seconds).\(digits)"
    }

    /// A number in octal when it fits, or else in base-256 (GNU, star), or else in a record.
    private mutating func putNumber(
        _ header: inout Header, _ offset: Int, _ width: Int, _ keyword: String, _ value: Int
    ) {
        let fits = value >= 0 && value < 1 << (3 * (width - 1))
        if fits, dialect != .pax || random.chance(70) {
            header.put(offset, Self.octal(UInt64(value), width))
        } else if dialect == .gnu || dialect == .star {
            var field = withUnsafeBytes(of: Int64(value).bigEndian) { Array($0) }
            field = [UInt8](repeating: value < 0 ? 0xff : 0, count: max(0, width - 8)) + field
            field[0] = value < 0 ? 0xff : field[0] | 0x80
            header.put(offset, field)
        } else {
            // What the header block says does not count.
            header.put(offset, Self.octal(fits ? 0 : 7, width))
            header.records.append(Self.record(keyword, Array(String(value).utf8)))
        }
    }

    private mutating func putNames(_ header: inout Header, _ path: [UInt8], _ linkTarget: [UInt8]) {
        let inRecords = dialect == .pax && random.chance(20) || !header.records.isEmpty && dialect == .gnu
        if inRecords || !putName(&header, path) {
            header.put(0, Array(path.prefix(100)))
            if dialect == .gnu, !inRecords {
                addLongName(path, type: "L")
            } else {
                header.records.append(Self.record("path", path))
            }
        }
        header.put(157, Array(linkTarget.prefix(100)))
        if linkTarget.count > 100 || inRecords && !linkTarget.isEmpty {
            if dialect == .gnu, !inRecords {
                addLongName(linkTarget, type: "K")
            } else {
                header.records.append(Self.record("linkpath", linkTarget))
            }
        }
    }

    private func putName(_ header: inout Header, _ path: [UInt8]) -> Bool {
        if path.count <= 100 {
            header.put(0, path)
            return true
        }
        let prefixWidth = dialect == .star ? 130 : dialect == .ustar || dialect == .pax ? 155 : 0
        let slash = path.indices.first { path[$0] == UInt8(ascii: "/") && $0 > 0 && path.count - $0 - 1 <= 100 }
        guard let slash, slash <= prefixWidth, slash < path.count - 1 else { return false }
        header.put(0, Array(path[(slash + 1)...]))
        header.put(345, Array(path[..<slash]))
        return true
    }

    // MARK: Content

    private mutating func putContent(_ header: inout Header, _ content: FileContent, _ path: inout [UInt8]) {
        guard content.isSparse else {
            header.content = content.segments.first?.bytes ?? []
            putNumber(&header, 124, 12, "size", header.content.count)
            return
        }
        // The end of the file is an extent of its own, of no bytes, when there is a hole before it.
        var map = content.segments.map { ($0.offset, $0.bytes.count) }
        if content.segments.last.map({ $0.offset + $0.bytes.count }) != content.size { map.append((content.size, 0)) }
        let data = content.segments.flatMap(\.bytes)
        if dialect == .gnu {
            putOldGNUMap(&header, map, content.size)
            header.put(124, Self.octal(UInt64(data.count), 12))
            header.content += data
            return
        }
        let version = random.below(3)
        var records: [(String, String)] = []
        switch version {
        case 0:
            records = [("GNU.sparse.size", "\(content.size)"), ("GNU.sparse.numblocks", "\(map.count)")]
            records += map.flatMap { [("GNU.sparse.offset", "\($0.0)"), ("GNU.sparse.numbytes", "\($0.1)")] }
        case 1:
            let text = map.map { "\($0.0),\($0.1)" }.joined(separator: ",")
            records = [
                ("GNU.sparse.size", "\(content.size)"), ("GNU.sparse.numblocks", "\(map.count)"),
                ("GNU.sparse.map", text),
            ]
        default:
            records = [
                ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "\(content.size)"),
            ]
            header.content = Array("\(map.count)\n".utf8) + map.flatMap { Array("\($0.0)\n\($0.1)\n".utf8) }
            header.content += [UInt8](repeating: 0, count: (512 - header.content.count % 512) % 512)
        }
        // In this order: those of version 0.0 come again and again.
        header.records.append(records.flatMap { Self.record($0.0, Array($0.1.utf8)) })
        if version > 0 {
            header.records.append(Self.record("GNU.sparse.name", path))
            path = path.parent + Array("/GNUSparseFile.1/x".utf8)
        }
        header.content += data
        putNumber(&header, 124, 12, "size", header.content.count)
    }

    /// Four extents in the header block, more of them in blocks of 21 behind it.
    private func putOldGNUMap(_ header: inout Header, _ map: [(Int, Int)], _ size: Int) {
        func pair(_ extent: (Int, Int)) -> [UInt8] {
            Self.octal(UInt64(extent.0), 12) + Self.octal(UInt64(extent.1), 12)
        }
        header.block[156] = UInt8(ascii: "S")
        header.put(386, map.prefix(4).flatMap(pair))
        header.put(483, Self.octal(UInt64(size), 12))
        var rest = map.dropFirst(4)
        if !rest.isEmpty { header.block[482] = 1 }
        while !rest.isEmpty {
            var block = rest.prefix(21).flatMap(pair)
            rest = rest.dropFirst(21)
            block += [UInt8](repeating: 0, count: 512 - block.count)
            if !rest.isEmpty { block[504] = 1 }
            header.content += block
        }
    }

    // MARK: Blocks

    private mutating func addBlock(_ header: Header) {
        var block = header.block
        block.replaceSubrange(148..<156, with: [UInt8](repeating: UInt8(ascii: " "), count: 8))
        var sum: UInt64 = 0
        for byte in block { sum += UInt64(byte) }
        block.replaceSubrange(148..<155, with: Self.octal(sum, 7))
        bytes += block
    }

    private mutating func addContent(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    private mutating func addExtendedHeader(_ records: [[UInt8]], type: Character) {
        addMember("PaxHeaders/x", type: type, magic: "ustar\u{0}00", Array(records.joined()))
    }

    private mutating func addLongName(_ name: [UInt8], type: Character) {
        addMember("././@LongLink", type: type, magic: "ustar  \0", name + [0])
    }

    private mutating func addMember(_ name: String, type: Character, magic: String, _ content: [UInt8]) {
        var header = Header()
        header.put(0, Array(name.utf8))
        for offset in [100, 108, 116] { header.put(offset, Self.octal(0, 8)) }
        header.put(124, Self.octal(UInt64(content.count), 12))
        header.put(136, Self.octal(0, 12))
        header.block[156] = type.asciiValue ?? 0
        header.put(257, Array(magic.utf8))
        addBlock(header)
        addContent(content)
    }

    /// Digits and a NUL.
    private static func octal(_ value: UInt64, _ width: Int) -> [UInt8] {
        let digits = String(value, radix: 8)
        return Array((String(repeating: "0", count: max(0, width - 1 - digits.utf8.count)) + digits + "\0").utf8)
    }

    /// "length keyword=value\n", where the length counts itself.
    private static func record(_ keyword: String, _ value: [UInt8]) -> [UInt8] {
        let rest = 3 + keyword.utf8.count + value.count
        var count = rest + 1
        while count != rest + String(count).utf8.count { count = rest + String(count).utf8.count }
        return Array("\(count) \(keyword)=".utf8) + value + [UInt8(ascii: "\n")]
    }
}
