import CLinux
import Content
import Glibc
import OCI

/// Everything that a program can see of a tree: what is compared when two trees have to be the same.
struct FileTree {
    struct File: Equatable {
        var mode: UInt32
        var userID: UInt32
        var groupID: UInt32
        var mtimeSeconds: Int
        var mtimeNanoseconds: Int
        /// Of all but directories, whose size is the file system's own affair.
        var size: Int64 = 0
        /// In units of 4096 bytes: what is allocated in smaller ones differs.
        var pages: Int64 = 0
        var linkCount: UInt64
        /// The first of the names that this file has in the tree.
        var firstName: [UInt8] = []
        var device: UInt64 = 0
        var linkTarget: [UInt8] = []
        var content: Digest?
        /// Where data begins and ends, in turn.
        var dataMap: [Int64] = []
        var extendedAttributes: [String: [UInt8]] = [:]

        var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    }

    /// By path; the root is the empty one.
    private(set) var files: [[UInt8]: File] = [:]
    private let root: String
    private let readsContent: Bool
    private var names: [UInt64: [[UInt8]]] = [:]

    /// Walks `root`. Names of one file are those with one inode number.
    init(_ root: String, content: Bool = true) throws {
        self.root = root
        readsContent = content
        try add([])
        for paths in names.values {
            let sorted = paths.sorted { $0.lexicographicallyPrecedes($1) }
            for path in sorted { files[path]?.firstName = sorted[0] }
        }
    }

    /// A line for each name of a file whose st_nlink is not the count of its names.
    var wrongLinkCounts: [String] {
        var counts: [[UInt8]: UInt64] = [:]
        for file in files.values where !file.isDirectory { counts[file.firstName, default: 0] += 1 }
        return files.filter { !$0.value.isDirectory && $0.value.linkCount != counts[$0.value.firstName] }.map {
            "\($0.key.printable): st_nlink is \($0.value.linkCount), names are \(counts[$0.value.firstName] ?? 0)"
        }.sorted()
    }

    /// What is not the same in `reference`; empty when all is. `simplify` is applied to both sides and takes away what
    /// the reference cannot show.
    func differences(
        from reference: FileTree, _ name: String, _ simplify: (_ path: [UInt8], _ file: inout File) -> Void
    ) -> [String] {
        var lines: [String] = []
        func simplified(_ tree: FileTree, _ path: [UInt8]) -> File? {
            guard var file = tree.files[path] else { return nil }
            simplify(path, &file)
            return file
        }
        for path in Set(files.keys).union(reference.files.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (one, two) = (simplified(self, path), simplified(reference, path))
            guard one != two else { continue }
            lines.append(path.isEmpty ? "(root)" : path.printable)
            lines.append("    found: \(one?.description ?? "not there")")
            lines.append("    \(name): \(two?.description ?? "not there")")
        }
        return lines
    }

    /// An overlayfs has no link counts for directories, and counts names of a file that upper layers hide.
    static func asOverlay(_ path: [UInt8], _ file: inout File) { file.linkCount = 0 }

    private mutating func add(_ path: [UInt8], type: UInt8 = UInt8(DT_UNKNOWN)) throws {
        var status = stat()
        try withCPath(root, path) { try check(lstat($0, &status), "lstat", path.printable) }
        // d_type is the upper part of the mode, readdir(3).
        guard type == UInt8(DT_UNKNOWN) || UInt32(type) == status.st_mode >> 12 else {
            throw TestFailure("\(path.printable): readdir says type \(type), lstat mode \(status.st_mode)")
        }
        var file = File(
            mode: status.st_mode, userID: status.st_uid, groupID: status.st_gid, mtimeSeconds: status.st_mtim.tv_sec,
            mtimeNanoseconds: status.st_mtim.tv_nsec, linkCount: UInt64(status.st_nlink))
        try withCPath(root, path) { name in
            for attribute in try extendedAttributeNames(name) where !attribute.hasPrefix("trusted.overlay.") {
                file.extendedAttributes[attribute] = try extendedAttribute(attribute, name)
            }
            if status.st_mode & S_IFMT != S_IFDIR { file.size = Int64(status.st_size) }
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                file.pages = (Int64(status.st_blocks) + 7) / 8
                if readsContent { try read(name, into: &file) }
            case S_IFLNK:
                var buffer = [CChar](repeating: 0, count: 4097)
                let count = readlink(name, &buffer, buffer.count)
                try check(Int32(clamping: count), "readlink", path.printable)
                file.linkTarget = buffer.prefix(count).map(UInt8.init(bitPattern:))
            case S_IFCHR, S_IFBLK: file.device = UInt64(status.st_rdev)
            default: break
            }
        }
        files[path] = file
        guard file.isDirectory else {
            names[UInt64(status.st_ino), default: []].append(path)
            return
        }
        for (name, type) in try withCPath(root, path, { try directoryEntries($0) }) {
            let child = path.appending(component: name)
            guard files[child] == nil else { throw TestFailure("\(child.printable) is listed twice") }
            try add(child, type: type)
        }
    }

    private func read(_ name: UnsafePointer<CChar>, into file: inout File) throws {
        let descriptor = open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("open \(String(cString: name)): \(errorText())") }
        defer { close(descriptor) }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 17)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw TestFailure("read \(String(cString: name)): \(errorText())") }
            if count == 0 { break }
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        file.content = hasher.digest
        var position: off_t = 0
        while true {
            let data = lseek(descriptor, position, seekData)
            if data < 0 { break }
            position = lseek(descriptor, data, seekHole)
            guard position > data else { throw TestFailure("\(String(cString: name)): no hole behind data at \(data)") }
            file.dataMap += [Int64(data), Int64(position)]
        }
        guard errno == ENXIO else { throw TestFailure("SEEK_DATA: \(errorText())") }
    }
}

extension FileTree.File: CustomStringConvertible {
    var description: String {
        var text =
            "mode=\(String(mode, radix: 8)) uid=\(userID) gid=\(groupID) mtime=\(mtimeSeconds)+\(mtimeNanoseconds)ns"
        text += " links=\(linkCount)"
        if !isDirectory { text += " size=\(size) first=\(firstName.printable)" }
        if device != 0 { text += " rdev=\(device)" }
        if !linkTarget.isEmpty { text += " target=\(linkTarget.printable)" }
        if let content { text += " content=\(content.short)" }
        if !dataMap.isEmpty { text += " data=\(dataMap) pages=\(pages)" }
        for (name, value) in extendedAttributes.sorted(by: { $0.key < $1.key }) {
            text += " \(name)=\(value.map { String($0, radix: 16) }.joined(separator: "."))"
        }
        return text
    }
}

// SEEK_DATA and SEEK_HOLE, lseek(2): headers show them to _GNU_SOURCE only.
private let seekData: Int32 = 3
private let seekHole: Int32 = 4

/// The lines in which a mounted image differs from what it has to look like; empty when it does not.
///
/// The root of an image that nobody has looked into shows default attributes: both are listed first. Holes are left to who
/// makes the archive.
func differences(between mount: String, and truth: String, content: Bool = true) throws -> [String] {
    try output("ls", mount, truth)
    let found = try FileTree(mount, content: content)
    return try found.wrongLinkCounts
        + found.differences(from: FileTree(truth, content: content), "truth") { path, file in
            FileTree.asOverlay(path, &file)
            file.dataMap = []
            file.pages = 0
        }
}

// MARK: System calls with names that are bytes

/// `root` and a path below it, for a system call.
func withCPath<Result>(
    _ root: String, _ path: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Result
) throws -> Result {
    var bytes = Array(root.utf8CString)
    if !path.isEmpty {
        bytes[bytes.count - 1] = CChar(UInt8(ascii: "/"))
        bytes += path.map(CChar.init(bitPattern:))
        bytes.append(0)
    }
    return try bytes.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { throw TestFailure("no path") }
        return try body(start)
    }
}

func errorText() -> String { String(cString: strerror(errno)) }

func check(_ result: Int32, _ call: String, _ object: String) throws {
    if result < 0 { throw TestFailure("\(call) \(object): \(errorText())") }
}

/// Names and types (DT_…) in a directory, in its order, without `.` and `..`.
func directoryEntries(_ path: UnsafePointer<CChar>) throws -> [(name: [UInt8], type: UInt8)] {
    guard let directory = opendir(path) else { throw TestFailure("opendir \(String(cString: path)): \(errorText())") }
    defer { closedir(directory) }
    var entries: [(name: [UInt8], type: UInt8)] = []
    while true {
        errno = 0
        guard let entry = readdir(directory) else {
            guard errno == 0 else { throw TestFailure("readdir \(String(cString: path)): \(errorText())") }
            return entries
        }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        if name != Array("."), name != Array("..") { entries.append((name, entry.pointee.d_type)) }
    }
}

func directoryNames(_ path: UnsafePointer<CChar>) throws -> [[UInt8]] { try directoryEntries(path).map(\.name) }

func extendedAttributeNames(_ path: UnsafePointer<CChar>) throws -> [String] {
    var buffer = [CChar](repeating: 0, count: 65536)
    let count = llistxattr(path, &buffer, buffer.count)
    guard count >= 0 else { throw TestFailure("listxattr \(String(cString: path)): \(errorText())") }
    return buffer[..<count].split(separator: 0).map { String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self) }
}

func extendedAttribute(_ attribute: String, _ path: UnsafePointer<CChar>) throws -> [UInt8] {
    var value = [UInt8](repeating: 0, count: 65536)
    let count = lgetxattr(path, attribute, &value, value.count)
    guard count >= 0 else { throw TestFailure("getxattr \(String(cString: path)) \(attribute): \(errorText())") }
    return Array(value.prefix(count))
}
