/// One entry of a random layer, before it is written as a member of an archive or into a directory.
struct LayerEntry {
    enum Kind {
        case file(FileContent)
        case directory
        case symbolicLink(target: [UInt8])
        case hardLink(target: [UInt8])
        case fifo
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        /// Hides `path` of lower layers.
        case whiteout
        /// Hides what lower layers have in `path`.
        case opaque
    }

    var kind: Kind
    /// Without slashes at its ends; the root is empty. Bytes, which need not be UTF-8.
    var path: [UInt8]
    var attributes = FileAttributes()

    var isDirectory: Bool { if case .directory = kind { true } else { false } }
}

struct FileAttributes {
    var mode: UInt32 = 0o755
    var userID: UInt32 = 0
    var groupID: UInt32 = 0
    var mtimeSeconds = 0
    var mtimeNanoseconds = 0
    var extendedAttributes: [ExtendedAttribute] = []

    struct ExtendedAttribute {
        var name: String
        var value: [UInt8]
    }
}

/// Bytes with holes between them.
struct FileContent {
    struct Segment {
        var offset: Int
        var bytes: [UInt8]
    }

    var size = 0
    /// In order, without overlaps, none of them empty.
    var segments: [Segment] = []

    /// Whether an archive says so, too.
    var isSparse = false
}

struct RandomLayer {
    /// What writes the archive: this program in some dialect, or a tar program from a directory.
    enum Writer: Equatable {
        case own(TarWriter.Dialect)
        case gnuTar(format: String)
        case bsdtar

        /// With type `S`, which umoci refuses.
        var writesOldSparseFiles: Bool { self == .own(.gnu) || self == .gnuTar(format: "gnu") }
    }

    enum Compression: CaseIterable { case none, gzip, gzipMembers, zstd, zstdFrames, pigz }

    var entries: [LayerEntry] = []
    var writer = Writer.own(.pax)
    var compression = Compression.none
    /// Whether an archive of our own begins with a global header, of a comment.
    var hasGlobalHeader = false
    /// How names begin in an archive of our own: "", "./" or "/".
    var namePrefix = ""
}

/// Layers that lie over one another, and what the references are not to be asked about them.
struct RandomStack {
    var seed: UInt64
    var layers: [RandomLayer] = []
    /// Why the overlay of the separate layers is another tree by design (docs/fidelity.md, "Layers"), if it is.
    var overlayDiffers: String?
    /// Why umoci does not unpack this stack, or unpacks another tree by design, if so.
    var umociDiffers: String?
    /// Directories that have the time of unpacking in umoci: those without an entry, and those it makes others in.
    var untimed: Set<[UInt8]> = [[]]
    /// Directories without an entry: in umoci they have what the kernel gives a new directory in its place, the group
    /// and the mark of a set-group-ID parent for example.
    var made: Set<[UInt8]> = []
}

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }

    private static let slash = UInt8(ascii: "/")

    var parent: [UInt8] { lastIndex(of: Self.slash).map { Array(self[..<$0]) } ?? [] }

    func appending(component: [UInt8]) -> [UInt8] { isEmpty ? component : self + [Self.slash] + component }

    var components: [[UInt8]] { split(separator: Self.slash).map(Array.init) }

    /// The directories on the way from the root to this path, without both.
    var ancestors: [[UInt8]] { indices.filter { self[$0] == Self.slash }.map { Array(self[..<$0]) } }

    func isBelow(_ directory: [UInt8]) -> Bool {
        directory.isEmpty ? !isEmpty : count > directory.count && starts(with: directory + [Self.slash])
    }

    /// For messages: what is not printable as `\xNN`, a long run of one byte as `a*255`.
    var printable: String {
        var text = ""
        var position = 0
        while position < count {
            let byte = self[position]
            let run = self[position...].prefix { $0 == byte }.count
            let printed =
                0x20..<0x7f ~= byte
                ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            text += run > 20 ? "\(printed)*\(run)" : String(repeating: printed, count: run)
            position += run
        }
        return text
    }
}

extension RandomLayer.Writer: CustomStringConvertible {
    var description: String {
        switch self {
        case .own(let dialect): dialect.rawValue
        case .gnuTar(let format): "tar --format=\(format)"
        case .bsdtar: "bsdtar"
        }
    }
}

extension LayerEntry: CustomStringConvertible {
    var description: String {
        let time = "\(attributes.mtimeSeconds)+\(attributes.mtimeNanoseconds)ns"
        let owner = "\(String(attributes.mode, radix: 8)) \(attributes.userID):\(attributes.groupID) \(time)"
        let names = attributes.extendedAttributes.map { " \($0.name)=\($0.value.count) bytes" }.joined()
        let name = path.isEmpty ? "(root)" : path.printable
        switch kind {
        case .file(let content):
            let map = content.segments.map { "\($0.offset)+\($0.bytes.count)" }.joined(separator: ",")
            return "file \(name) \(owner) size \(content.size) data \(map)\(content.isSparse ? " sparse" : "")\(names)"
        case .directory: return "directory \(name) \(owner)\(names)"
        case .symbolicLink(let target): return "symlink \(name) -> \(target.printable) \(owner)\(names)"
        case .hardLink(let target): return "hardlink \(name) = \(target.printable)"
        case .fifo: return "fifo \(name) \(owner)\(names)"
        case .characterDevice(let major, let minor): return "char \(name) \(major):\(minor) \(owner)\(names)"
        case .blockDevice(let major, let minor): return "block \(name) \(major):\(minor) \(owner)\(names)"
        case .whiteout: return "whiteout \(name)"
        case .opaque: return "opaque \(name)"
        }
    }
}

extension RandomStack: CustomStringConvertible {
    var description: String {
        var lines = ["seed \(seed), \(layers.count) layers"]
        for (number, layer) in layers.enumerated() {
            lines.append(
                "  layer \(number): \(layer.writer), \(layer.compression), names begin with '\(layer.namePrefix)'")
            lines += layer.entries.map { "    \($0)" }
        }
        if let overlayDiffers { lines.append("  overlayfs not asked: \(overlayDiffers)") }
        if let umociDiffers { lines.append("  umoci not asked: \(umociDiffers)") }
        return lines.joined(separator: "\n")
    }
}
