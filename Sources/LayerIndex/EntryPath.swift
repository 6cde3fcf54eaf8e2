/// The path of an archive's entry, split into directory and name and free of everything that does not name a file.
///
/// `./a//b/` and `/a/b` are both directory `a`, name `b`. Directory and name are empty for the root.
struct EntryPath: Equatable {
    enum Role: Equatable {
        case file
        /// `.wh.NAME`: hides NAME of lower layers. The path's name is NAME.
        case whiteout
        /// `.wh..wh..opq`: hides everything of lower layers in the directory. The path's name is empty.
        case opaque
        /// `.wh..wh.*`, left behind by AUFS, and what is below it: no part of the image.
        case ignored
    }

    private(set) var role = Role.file
    /// Components separated by one slash each, with `directoryByteCount` bytes of directory, a slash unless that is 0,
    /// and the name.
    private(set) var bytes: [UInt8] = []
    private(set) var directoryByteCount = 0

    var directory: ArraySlice<UInt8> { bytes[..<directoryByteCount] }
    var nameStart: Int { directoryByteCount == 0 ? 0 : directoryByteCount + 1 }
    var name: ArraySlice<UInt8> { bytes[nameStart...] }
    var isRoot: Bool { bytes.isEmpty }

    /// Takes apart the path of an entry. Reuses this value's memory.
    mutating func parse(_ path: [UInt8], limits: LayerLimits) throws(EntryFault) {
        try normalize(path, limits: limits, whiteoutsAreLonger: true)
        try recognizeWhiteout()
    }

    /// Whether any component begins with ".wh.": few paths have one.
    private func hasWhiteoutPrefix() -> Bool {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while start + whiteoutPrefixByteCount <= bytes.count {
                if bytes[start] == dot, bytes[start + 1] == UInt8(ascii: "w"), bytes[start + 2] == UInt8(ascii: "h"),
                    bytes[start + 3] == dot
                {
                    return true
                }
                while start < bytes.count, bytes[start] != slash { start += 1 }
                start += 1
            }
            return false
        }
    }

    /// Takes apart the target of a hard link, in which whiteouts have no meaning.
    mutating func normalize(_ path: [UInt8], limits: LayerLimits) throws(EntryFault) {
        try normalize(path, limits: limits, whiteoutsAreLonger: false)
    }

    /// `whiteoutsAreLonger`: the limit for names is that of the file that a whiteout hides.
    private mutating func normalize(
        _ path: [UInt8], limits: LayerLimits, whiteoutsAreLonger: Bool
    ) throws(EntryFault) {
        bytes.removeAll(keepingCapacity: true)
        directoryByteCount = 0
        role = .file
        bytes.reserveCapacity(path.count)
        var fault: EntryFault?
        path.withUnsafeBytes { path in
            var start = 0
            while start < path.count, fault == nil {
                var end = start
                while end < path.count, path[end] != slash { end += 1 }
                let component = UnsafeRawBufferPointer(rebasing: path[start..<end])
                let prefixByteCount =
                    whiteoutsAreLonger && component.starts(with: whiteoutPrefix) ? whiteoutPrefixByteCount : 0
                fault = append(component, limits: limits, prefixByteCount: prefixByteCount)
                start = end + 1
            }
        }
        if let fault { throw fault }
    }

    private mutating func append(
        _ component: UnsafeRawBufferPointer, limits: LayerLimits, prefixByteCount: Int
    ) -> EntryFault? {
        guard let first = component.first else { return nil }
        if first == dot, component.count == 1 { return nil }
        if first == dot, component.count == 2, component[1] == dot { return .parentComponent }
        for byte in component where byte == 0 { return .nulByte }
        if component.count - prefixByteCount > limits.maximumNameByteCount {
            return .longName(limit: limits.maximumNameByteCount)
        }
        directoryByteCount = bytes.count
        if !bytes.isEmpty { bytes.append(slash) }
        bytes.append(contentsOf: component)
        return bytes.count > limits.maximumPathByteCount ? .longPath(limit: limits.maximumPathByteCount) : nil
    }

    private mutating func recognizeWhiteout() throws(EntryFault) {
        guard hasWhiteoutPrefix() else { return }
        var belowWhiteout = false
        var start = 0
        while start < directoryByteCount {
            var end = start
            while end < directoryByteCount, bytes[end] != slash { end += 1 }
            if bytes[start..<end].starts(with: whiteoutPrefix) {
                belowWhiteout = true
                if bytes[start..<end].starts(with: aufsPrefix) {
                    role = .ignored
                    return
                }
            }
            start = end + 1
        }
        if belowWhiteout { throw .invalidWhiteout }
        guard name.starts(with: whiteoutPrefix) else { return }
        if name.starts(with: aufsPrefix) {
            guard name.elementsEqual(opaqueName) else {
                role = .ignored
                return
            }
            role = .opaque
            bytes.removeSubrange(nameStart...)
            return
        }
        let hidden = name.dropFirst(whiteoutPrefix.count)
        if hidden.allSatisfy({ $0 == dot }), hidden.count <= 2 { throw .invalidWhiteout }
        role = .whiteout
        bytes.removeSubrange(nameStart..<(nameStart + whiteoutPrefix.count))
    }

    /// Whether `path` is what `normalize` makes: components of a file's name with one slash between them, or nothing.
    static func isNormalized(_ path: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < path.count {
            var end = start
            while end < path.count, path[end] != slash { end += 1 }
            guard isName(UnsafeRawBufferPointer(rebasing: path[start..<end])) else { return false }
            start = end + 1
            if start == path.count { return false }
        }
        return true
    }

    /// Whether `name` can be the name of a file.
    static func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 0: return false
        case 1: if name[0] == dot { return false }
        case 2: if name[0] == dot, name[1] == dot { return false }
        default: break
        }
        return name.allSatisfy { $0 != 0 && $0 != slash }
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")
private let whiteoutPrefix = Array(".wh.".utf8)
private let whiteoutPrefixByteCount = 4
private let aufsPrefix = Array(".wh..wh.".utf8)
private let opaqueName = Array(".wh..wh..opq".utf8)
