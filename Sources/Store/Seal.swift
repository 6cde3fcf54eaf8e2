/// The file `seal` in every published directory: what else is in there, and when it was written.
///
/// Written last, before the directory gets its name. Lengths that do not agree (but those of checkpoints), or a seal that
/// cannot be read, tell that the directory is damaged, without reading the rest.
struct Seal: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable { case layer, tree }

    enum Writing: Sendable, Equatable {
        /// Everything was on the disk before the seal said so.
        case synced
        case during(WriteEpoch)
    }

    struct File: Sendable, Equatable {
        var name: String
        var byteCount: Int64

        /// False for what a layer is whole without.
        var isNeeded: Bool { name != LayerFile.checkpoints }
    }

    var kind: Kind
    /// In the order of their names.
    var files: [File]
    var writing: Writing

    static let fileName = "seal"
    static let version = 1
    /// A seal is a few lines; more is damage.
    static let maximumByteCount = 4096

    init(kind: Kind, files: [File], writing: Writing) {
        self.kind = kind
        self.files = files.sorted { $0.name < $1.name }
        self.writing = writing
    }

    /// Bytes of all files but the seal.
    var byteCount: Int64 { files.reduce(0) { $0 + $1.byteCount } }

    func byteCount(of name: String) -> Int64? { files.first { $0.name == name }?.byteCount }

    var text: String {
        let contents = files.map { "file \($0.name) \($0.byteCount)\n" }.joined()
        let end =
            switch writing {
            case .synced: "synced"
            case .during(let epoch): "written \(epoch)"
            }
        return "imgfs \(kind.rawValue) \(Self.version)\n\(contents)\(end)\n"
    }

    /// nil when the text is not what `text` makes, in this version.
    init?(parsing bytes: [UInt8]) {
        // Ends with a line feed: nothing is cut off.
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.popLast() == "", let end = lines.popLast() else { return nil }
        let head = lines.removeFirst().split(separator: " ")
        guard head.count == 3, head[0] == "imgfs", let kind = Kind(rawValue: String(head[1])),
            Int(head[2]) == Self.version
        else { return nil }
        var files: [File] = []
        for line in lines {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false)
            guard fields.count == 3, fields[0] == "file", let count = Int64(fields[2]), count >= 0,
                !fields[1].isEmpty, fields[1].utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) })
            else { return nil }
            files.append(File(name: String(fields[1]), byteCount: count))
        }
        if end == "synced" {
            self.init(kind: kind, files: files, writing: .synced)
        } else if end.hasPrefix("written "), let epoch = WriteEpoch(parsing: end.dropFirst("written ".count)) {
            self.init(kind: kind, files: files, writing: .during(epoch))
        } else {
            return nil
        }
    }
}
