import CLinux
import Content
import Glibc
import OCI

/// Everything that a program can see of a tree, one line for each name, for comparing two trees.
///
/// Inode numbers, sizes of directories and block counts differ between file systems and are left out; names of one file
/// are shown to be one by the first of them. Link counts of directories are left out unless asked for: overlayfs says 1.
func describeTree(_ root: String, content: Bool = true) throws -> [String] {
    var lines: [String] = []
    var firstNames: [UInt64: String] = [:]
    var queue = [""]
    while let path = queue.popLast() {
        let full = path.isEmpty ? root : root + "/" + path
        var status = stat()
        guard lstat(full, &status) == 0 else { throw TestFailure("lstat \(full): \(String(cString: strerror(errno)))") }
        var line = "\(path) mode=\(String(status.st_mode, radix: 8)) uid=\(status.st_uid) gid=\(status.st_gid)"
        line += " mtime=\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            for name in try names(in: full) { queue.append(path.isEmpty ? name : path + "/" + name) }
        case S_IFREG:
            line += " size=\(status.st_size) links=\(status.st_nlink)"
            if content { line += " sha256=\(try digest(at: full).short)" }
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: 4097)
            let count = readlink(full, &buffer, buffer.count)
            let target = buffer[..<max(0, count)].map(UInt8.init(bitPattern:))
            line += " target=\(String(decoding: target, as: UTF8.self))"
        default:
            line += " rdev=\(status.st_rdev) links=\(status.st_nlink)"
        }
        if status.st_mode & S_IFMT != S_IFDIR, status.st_nlink > 1 {
            let first = firstNames[UInt64(status.st_ino)] ?? path
            firstNames[UInt64(status.st_ino)] = first
            line += " same-as=\(first)"
        }
        for name in try attributeNames(full) {
            var value = [UInt8](repeating: 0, count: 65536)
            let count = lgetxattr(full, name, &value, value.count)
            line += " \(name)=\(value[..<max(0, count)].map { String($0, radix: 16) }.joined(separator: "."))"
        }
        lines.append(line)
    }
    return lines.sorted()
}

/// Names in a directory, in reverse order, so that a stack is walked in order.
private func names(in path: String) throws -> [String] {
    guard let directory = opendir(path) else {
        throw TestFailure("opendir \(path): \(String(cString: strerror(errno)))")
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted(by: >)
}

private func attributeNames(_ path: String) throws -> [String] {
    var buffer = [CChar](repeating: 0, count: 65536)
    let count = llistxattr(path, &buffer, buffer.count)
    guard count >= 0 else { throw TestFailure("listxattr \(path): \(String(cString: strerror(errno)))") }
    return buffer[..<count].split(separator: 0).map { String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self) }
        .filter { !$0.hasPrefix("trusted.overlay.") }.sorted()
}

private func digest(at path: String) throws -> Digest {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestFailure("open \(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw TestFailure("read \(path): \(String(cString: strerror(errno)))") }
        if count == 0 { return hasher.finish() }
        buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
}

/// The lines in which two trees differ, `-` for the first and `+` for the second; empty when they look the same.
///
/// The root of an image that nobody has looked into shows default attributes: both are listed first.
func differences(between first: String, and second: String, content: Bool = true) throws -> [String] {
    try output("ls", first, second)
    let (one, two) = (try describeTree(first, content: content), try describeTree(second, content: content))
    return Set(one).subtracting(two).map { "- " + $0 }.sorted() + Set(two).subtracting(one).map { "+ " + $0 }.sorted()
}
