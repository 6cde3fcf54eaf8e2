import CLinux
import Glibc

/// One layer extracted by itself, as overlayfs wants it (Documentation/filesystems/overlayfs.rst), from its entries and
/// not from its archive.
///
/// * A whiteout becomes a character device 0:0, when a lower layer has the name. It is left out otherwise: a directory
///   that is in one layer only is listed as it is, with the device.
/// * An opaque directory has `trusted.overlay.opaque`; so has one whose name is also hidden, or had something else than
///   a directory before, in this layer: what lower layers have there must not show through.
/// * The kernel does not look for that mark in the root of a layer: `hidesAllBelow` says to leave out the lower layers.
/// * A directory without an entry gets the attributes that the lower layers give it, as overlayfs shows the attributes
///   of the uppermost directory only; containerd does so, too.
///
/// For tar programs the same is made with the whiteout files of the image specification.
struct LayerDirectory {
    enum Marks { case overlay, specification }

    let root: String
    private let lower: [LayerDirectory]
    private let marks: Marks
    private(set) var hidesAllBelow = false
    /// What this layer hides, wherever it says so: whiteouts, and opaque directories.
    private var whiteouts: Set<[UInt8]> = []
    private var opaque: Set<[UInt8]> = []
    /// Names that this layer has hidden or given something else than a directory.
    private var replaced: Set<[UInt8]> = []
    /// Directories get their attributes when all is in them.
    private var pending: [[UInt8]: FileAttributes] = [:]

    /// `lower`: the layers below, the uppermost first, made with `.overlay`.
    static func extract(
        _ entries: [LayerEntry], into root: String, over lower: [LayerDirectory], marks: Marks = .overlay
    ) throws -> LayerDirectory {
        var visible: [LayerDirectory] = []
        for layer in lower {
            visible.append(layer)
            if layer.hidesAllBelow { break }
        }
        var layer = LayerDirectory(root: root, lower: visible, marks: marks)
        try check(mkdir(root, 0o755), "mkdir", root)
        for entry in entries {
            switch entry.kind {
            case .opaque: layer.opaque.insert(entry.path)
            case .whiteout: layer.whiteouts.insert(entry.path)
            default: break
            }
        }
        for entry in entries { try layer.add(entry) }
        if layer.pending[[]] == nil { layer.pending[[]] = try layer.lowerAttributes([]) ?? FileAttributes() }
        for path in layer.pending.keys.sorted(by: { $0.count > $1.count }) {
            guard let attributes = layer.pending[path] else { continue }
            try layer.set(attributes, path, isLink: false)
        }
        return layer
    }

    private init(root: String, lower: [LayerDirectory], marks: Marks) {
        self.root = root
        self.lower = lower
        self.marks = marks
    }

    private mutating func add(_ entry: LayerEntry) throws {
        let path = entry.path
        switch entry.kind {
        case .whiteout: return try addWhiteout(path)
        case .opaque:
            if status(path) == nil, isHiddenAbove(path) || whiteouts.contains(path) { return }
            try makeDirectories(path.ancestors + [path])
            try markOpaque(path)
            if path.isEmpty { hidesAllBelow = true }
            return
        case .directory:
            try makeDirectories(path.ancestors)
            try makeDirectory(path)
            pending[path] = entry.attributes
            return
        default: break
        }
        try makeDirectories(path.ancestors)
        replaced.insert(path)
        if case .hardLink(let target) = entry.kind {
            // The target may be what is replaced.
            try withPath(target) { target in
                try removeTree(path)
                try withPath(path) { try check(link(target, $0), "link", path.printable) }
            }
            return
        }
        try removeTree(path)
        try withPath(path) { name in
            switch entry.kind {
            case .file(let content): try writeFile(content, name)
            case .symbolicLink(let target):
                try withCPath("", target) { try check(symlink($0 + 1, name), "symlink", path.printable) }
            case .fifo: try check(mkfifo(name, 0o600), "mkfifo", path.printable)
            case .characterDevice(let major, let minor):
                try check(mknod(name, S_IFCHR | 0o600, Self.deviceNumber(major, minor)), "mknod", path.printable)
            case .blockDevice(let major, let minor):
                try check(mknod(name, S_IFBLK | 0o600, Self.deviceNumber(major, minor)), "mknod", path.printable)
            case .directory, .hardLink, .whiteout, .opaque: break
            }
        }
        var isLink = false
        if case .symbolicLink = entry.kind { isLink = true }
        try set(entry.attributes, path, isLink: isLink)
    }

    private func writeFile(_ content: FileContent, _ name: UnsafePointer<CChar>) throws {
        let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestFailure("open \(String(cString: name)): \(errorText())") }
        defer { close(descriptor) }
        for segment in content.segments {
            let written = pwrite(descriptor, segment.bytes, segment.bytes.count, off_t(segment.offset))
            guard written == segment.bytes.count else { throw TestFailure("pwrite: \(errorText())") }
        }
        try check(ftruncate(descriptor, off_t(content.size)), "ftruncate", String(cString: name))
    }

    private mutating func addWhiteout(_ path: [UInt8]) throws {
        let before = status(path)
        if before == nil || before.map(Self.isWhiteout) == true {
            if isHiddenAbove(path) { return }
            guard try lowerLayer(with: path) != nil else { return }
            try makeDirectories(path.ancestors)
            if before == nil { try mark(path) }
        } else if before.map({ $0.st_mode & S_IFMT == S_IFDIR }) == true {
            try markOpaque(path)
        }
        replaced.insert(path)
    }

    /// Whether this layer hides a directory above, and all in it: then nothing is made for hiding it once more.
    private func isHiddenAbove(_ path: [UInt8]) -> Bool {
        path.ancestors.contains { whiteouts.contains($0) || opaque.contains($0) }
            || !path.isEmpty && opaque.contains([])
    }

    private func mark(_ path: [UInt8]) throws {
        switch marks {
        case .overlay:
            try withPath(path) { try check(mknod($0, S_IFCHR, 0), "mknod", path.printable) }
        case .specification:
            try writeMark(Self.whiteoutPath(path))
        }
    }

    private func writeMark(_ path: [UInt8]) throws {
        try withPath(path) { name in
            let descriptor = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw TestFailure("open \(path.printable): \(errorText())") }
            close(descriptor)
        }
    }

    private func markOpaque(_ path: [UInt8]) throws {
        switch marks {
        case .overlay:
            try withPath(path) { try check(lsetxattr($0, Self.opaqueMark, "y", 1, 0), "setxattr", path.printable) }
        case .specification: try writeMark(path.appending(component: Array(".wh..wh..opq".utf8)))
        }
    }

    /// Makes what is missing of these directories, from the root down.
    private mutating func makeDirectories(_ paths: [[UInt8]]) throws {
        for path in paths where !path.isEmpty {
            if let status = status(path), status.st_mode & S_IFMT == S_IFDIR { continue }
            let attributes = replaced.contains(path) ? nil : try lowerAttributes(path)
            try makeDirectory(path)
            pending[path] = attributes ?? FileAttributes()
        }
    }

    private mutating func makeDirectory(_ path: [UInt8]) throws {
        if let status = status(path) {
            if status.st_mode & S_IFMT == S_IFDIR { return }
            try removeTree(path)
        }
        try withPath(path) { try check(mkdir($0, 0o755), "mkdir", path.printable) }
        if replaced.contains(path) { try markOpaque(path) }
        try removeMark(path)
    }

    private func removeMark(_ path: [UInt8]) throws {
        if marks == .specification { try withPath(Self.whiteoutPath(path)) { _ = unlink($0) } }
    }

    static func whiteoutPath(_ path: [UInt8]) -> [UInt8] {
        path.parent.appending(component: Array(".wh.".utf8) + (path.components.last ?? []))
    }

    private mutating func removeTree(_ path: [UInt8]) throws {
        guard let status = status(path) else {
            return try removeMark(path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return try withPath(path) { try check(unlink($0), "unlink", path.printable) }
        }
        for name in try withPath(path, { try directoryNames($0) }) { try removeTree(path.appending(component: name)) }
        try withPath(path) { try check(rmdir($0), "rmdir", path.printable) }
        for gone in pending.keys where gone == path || gone.isBelow(path) { pending[gone] = nil }
    }

    // MARK: Lower layers

    /// The uppermost lower layer that shows something at `path`.
    private func lowerLayer(with path: [UInt8]) throws -> LayerDirectory? {
        // Hidden with what is in it, the root itself keeps its attributes.
        let isHidden =
            hidesAllBelow && !path.isEmpty || path.ancestors.contains { isOpaque($0) || replaced.contains($0) }
        for layer in isHidden ? [] : lower {
            var hidesBelow = false
            for ancestor in path.ancestors {
                guard let status = layer.status(ancestor) else { break }
                if status.st_mode & S_IFMT != S_IFDIR { return nil }
                if layer.isOpaque(ancestor) { hidesBelow = true }
            }
            if let status = layer.status(path) { return Self.isWhiteout(status) ? nil : layer }
            if hidesBelow { return nil }
        }
        return nil
    }

    private func lowerAttributes(_ path: [UInt8]) throws -> FileAttributes? {
        guard let layer = try lowerLayer(with: path), let status = layer.status(path),
            status.st_mode & S_IFMT == S_IFDIR
        else { return nil }
        var attributes = FileAttributes(
            mode: status.st_mode & 0o7777, userID: status.st_uid, groupID: status.st_gid,
            mtimeSeconds: status.st_mtim.tv_sec, mtimeNanoseconds: status.st_mtim.tv_nsec)
        attributes.extendedAttributes = try layer.withPath(path) { name in
            try extendedAttributeNames(name).filter { !$0.hasPrefix("trusted.overlay.") }.map {
                .init(name: $0, value: try extendedAttribute($0, name))
            }
        }
        return attributes
    }

    private static let opaqueMark = "trusted.overlay.opaque"

    private func isOpaque(_ path: [UInt8]) -> Bool {
        if path.isEmpty { return hidesAllBelow }
        return (try? withPath(path) { name in lgetxattr(name, Self.opaqueMark, nil, 0) == 1 }) ?? false
    }

    private static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    // MARK: System calls

    /// makedev(3), which is a macro.
    private static func deviceNumber(_ major: UInt32, _ minor: UInt32) -> dev_t {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return dev_t((major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff)
    }

    private func set(_ attributes: FileAttributes, _ path: [UInt8], isLink: Bool) throws {
        try withPath(path) { name in
            try check(lchown(name, attributes.userID, attributes.groupID), "chown", path.printable)
            if !isLink { try check(chmod(name, attributes.mode), "chmod", path.printable) }
            for attribute in attributes.extendedAttributes {
                let result = lsetxattr(name, attribute.name, attribute.value, attribute.value.count, 0)
                try check(result, "setxattr \(attribute.name)", path.printable)
            }
            let time = timespec(tv_sec: attributes.mtimeSeconds, tv_nsec: attributes.mtimeNanoseconds)
            try check(utimensat(AT_FDCWD, name, [time, time], AT_SYMLINK_NOFOLLOW), "utimensat", path.printable)
        }
    }

    private func status(_ path: [UInt8]) -> stat? {
        var status = stat()
        guard (try? withPath(path) { lstat($0, &status) }) == 0 else { return nil }
        return status
    }

    private func withPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Result) throws -> Result {
        try withCPath(root, path, body)
    }
}
