/// One line of /proc/self/mountinfo, proc(5).
struct MountTableEntry: Equatable {
    var mountID: UInt64
    /// Of the file system: `major:minor`.
    var device: String
    /// What of the file system is mounted: `/` unless a directory of it was bound.
    var root: String
    var target: String
    var type: String
    var source: String

    /// nil for what is no such line.
    init?(parsing line: some StringProtocol) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        // Optional fields end with a hyphen of their own; then come type, source and options.
        guard fields.count > 9, let mountID = UInt64(fields[0]), let hyphen = fields[6...].firstIndex(of: "-"),
            hyphen + 2 < fields.count
        else { return nil }
        self.mountID = mountID
        device = String(fields[2])
        root = Self.unescaped(fields[3])
        target = Self.unescaped(fields[4])
        type = Self.unescaped(fields[hyphen + 1])
        source = Self.unescaped(fields[hyphen + 2])
    }

    /// Replaces `\040` and the like: three octal digits after a backslash.
    static func unescaped(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) {
                bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What is mounted in a mount namespace.
struct MountTable {
    var entries: [MountTableEntry]

    init(parsing text: String) {
        entries = text.split(separator: "\n").compactMap { MountTableEntry(parsing: $0) }
    }

    /// What one sees at `target`: of the mounts stacked there the one that was made last.
    func topMost(at target: String) -> MountTableEntry? { entries.last { $0.target == target } }
}
