/// Writes archives for tests, the odd ones too: nothing is checked, everything can be set.
struct TarBuilder {
    enum Dialect {
        case v7, ustar, gnu, star
    }

    var dialect: Dialect
    private(set) var bytes: [UInt8] = []

    init(_ dialect: Dialect = .ustar) {
        self.dialect = dialect
    }

    /// A field of a header block that is to be written in another way than usual.
    struct Field {
        var offset: Int
        var bytes: [UInt8]

        static func raw(_ offset: Int, _ text: String) -> Field { Field(offset: offset, bytes: Array(text.utf8)) }
        static func raw(_ offset: Int, _ bytes: [UInt8]) -> Field { Field(offset: offset, bytes: bytes) }
        static func octal(_ offset: Int, _ width: Int, _ value: UInt64) -> Field {
            let digits = String(value, radix: 8)
            return raw(offset, String(repeating: "0", count: max(0, width - 1 - digits.utf8.count)) + digits + "\0")
        }
        /// Big-endian two's complement with the marker bit.
        static func base256(_ offset: Int, _ width: Int, _ value: Int64) -> Field {
            var bytes = (0..<width).map { position in
                let shift = (width - 1 - position) * 8
                return shift >= 64 ? (value < 0 ? 0xff : 0) : UInt8(truncatingIfNeeded: value >> Int64(shift))
            }
            bytes[0] |= 0x80
            return Field(offset: offset, bytes: bytes)
        }

        static func name(_ text: String) -> Field { raw(0, text) }
        static func mode(_ value: UInt64) -> Field { octal(100, 8, value) }
        static func userID(_ value: UInt64) -> Field { octal(108, 8, value) }
        static func groupID(_ value: UInt64) -> Field { octal(116, 8, value) }
        static func size(_ value: UInt64) -> Field { octal(124, 12, value) }
        static func mtime(_ value: UInt64) -> Field { octal(136, 12, value) }
        static func link(_ text: String) -> Field { raw(157, text) }
        static func device(_ major: UInt64, _ minor: UInt64) -> [Field] {
            [octal(329, 8, major), octal(337, 8, minor)]
        }
        static func prefix(_ text: String) -> Field { raw(345, text) }
        /// The byte behind `text` of an extent pair: offset and length, 12 bytes each.
        static func extent(_ offset: Int, _ fileOffset: UInt64, _ length: UInt64) -> [Field] {
            [octal(offset, 12, fileOffset), octal(offset + 12, 12, length)]
        }
    }

    /// A header block and content with padding. The size field says the content's size unless `fields` set it.
    mutating func add(
        _ name: String, type: Character = "0", _ fields: [Field] = [], content: [UInt8] = []
    ) {
        addHeader([.name(name), .size(UInt64(content.count))] + fields, type: type)
        addContent(content)
    }

    mutating func add(_ name: String, type: Character = "0", _ fields: [Field] = [], content: String) {
        add(name, type: type, fields, content: Array(content.utf8))
    }

    mutating func addHeader(_ fields: [Field], type: Character = "0") {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ field: Field) {
            block.replaceSubrange(field.offset..<field.offset + field.bytes.count, with: field.bytes)
        }
        for field: Field in [.mode(0o644), .userID(0), .groupID(0), .size(0), .mtime(0)] { put(field) }
        switch dialect {
        case .v7: break
        case .ustar: put(.raw(257, "ustar\u{0}00"))
        case .gnu: put(.raw(257, "ustar  \0"))
        case .star:
            put(.raw(257, "ustar\u{0}00"))
            put(.raw(508, "tar\0"))
        }
        block[156] = type.asciiValue ?? 0
        fields.forEach(put)
        block.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
        put(.octal(148, 7, sum))
        block[155] = UInt8(ascii: " ")
        bytes += block
    }

    mutating func addContent(_ content: [UInt8]) {
        bytes += content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func addRaw(_ content: [UInt8]) { bytes += content }

    mutating func addPAX(_ records: [(String, String)], type: Character = "x") {
        addPAX(records.map { (Array($0.0.utf8), Array($0.1.utf8)) }, type: type)
    }

    mutating func addPAX(_ records: [([UInt8], [UInt8])], type: Character = "x") {
        let savedDialect = dialect
        dialect = .ustar
        add("PaxHeaders/x", type: type, content: records.flatMap { Self.record($0.0, $0.1) })
        dialect = savedDialect
    }

    /// "length keyword=value\n", where the length counts itself.
    static func record(_ keyword: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = 3 + keyword.count + value.count
        var count = rest + 1
        while count != rest + String(count).utf8.count { count = rest + String(count).utf8.count }
        return Array("\(count) ".utf8) + keyword + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    }

    mutating func addLongName(_ name: String, type: Character = "L") {
        add("././@LongLink", type: type, content: name + "\0")
    }

    /// The two blocks of zeros.
    mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }

    /// The archive with its end.
    var archive: [UInt8] {
        var copy = self
        copy.end()
        return copy.bytes
    }

    static func build(_ dialect: Dialect = .ustar, _ body: (inout TarBuilder) -> Void) -> [UInt8] {
        var builder = TarBuilder(dialect)
        body(&builder)
        return builder.archive
    }
}
