import CLinux
import Glibc
import SystemPackage
import Tar

/// Names below a directory of an image, parents before children, sorted by bytes.
///
/// Directories are opened by their path from the image's root, none stays open: however deep an image is, two descriptors
/// are enough.
struct ImageWalk {
    let image: ImageRoot

    struct Item {
        /// From the root of the image, without a slash in front; empty for the root itself.
        var path: [UInt8]
        var status: stat

        var kind: mode_t { status.st_mode & S_IFMT }
        var name: [UInt8] { path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? [] }
    }

    /// Calls `body` for what is at `path`, whose parents may be symbolic links, and for everything below.
    func forEach(from path: [UInt8], _ body: (Item) throws -> Void) throws {
        var stack = [path]
        while let path = stack.popLast() {
            let item = Item(path: path, status: try status(of: path))
            try body(item)
            guard item.kind == S_IFDIR else { continue }
            let prefix = path.isEmpty ? [] : path + [UInt8(ascii: "/")]
            for name in try names(in: path).sorted(by: { $1.lexicographicallyPrecedes($0) }) {
                stack.append(prefix + name)
            }
        }
    }

    /// Without following a symbolic link at the end.
    func status(of path: [UInt8]) throws(CommandFailure) -> stat {
        let descriptor = try open(path, OpenFlag.path | O_NOFOLLOW)
        defer { close(descriptor.rawValue) }
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw failure(path) }
        return status
    }

    func open(_ path: [UInt8], _ flags: Int32) throws(CommandFailure) -> FileDescriptor {
        while true {
            let file = imgfs_open_in_root(
                image.descriptor.rawValue, path.isEmpty ? [46, 0] : path.map { CChar(bitPattern: $0) } + [0], flags)
            if file >= 0 { return FileDescriptor(rawValue: file) }
            if errno != EINTR && errno != EAGAIN { throw failure(path) }
        }
    }

    private func names(in path: [UInt8]) throws(CommandFailure) -> [[UInt8]] {
        let directory = try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        guard let stream = fdopendir(directory.rawValue) else {
            close(directory.rawValue)
            throw failure(path)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw failure(path) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [46], name != [46, 46] { names.append(name) }
        }
    }

    func linkTarget(of path: [UInt8]) throws(CommandFailure) -> [UInt8] {
        let descriptor = try open(path, OpenFlag.path | O_NOFOLLOW)
        defer { close(descriptor.rawValue) }
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(descriptor.rawValue, "", &target, target.count)
        guard count >= 0 else { throw failure(path) }
        return target[..<count].map { UInt8(bitPattern: $0) }
    }

    /// Sorted by name. Asks through /proc, the only way to those of a device or a symbolic link.
    func extendedAttributes(of path: [UInt8]) throws(CommandFailure) -> [TarEntry.ExtendedAttribute] {
        let descriptor = try open(path, OpenFlag.path | O_NOFOLLOW)
        defer { close(descriptor.rawValue) }
        let file = "/proc/self/fd/\(descriptor.rawValue)"
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let listed = buffer.withUnsafeMutableBytes { listxattr(file, $0.baseAddress, $0.count) }
        guard listed >= 0 else {
            if errno == ENOTSUP { return [] }
            throw failure(path)
        }
        var attributes: [TarEntry.ExtendedAttribute] = []
        for name in buffer[..<listed].split(separator: 0) {
            var value = [UInt8](repeating: 0, count: 64 << 10)
            let count = value.withUnsafeMutableBytes { bytes in
                (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { name in
                    getxattr(file, name.baseAddress, bytes.baseAddress, bytes.count)
                }
            }
            guard count >= 0 else { throw failure(path) }
            attributes.append(.init(name: Array(name), value: Array(value[..<count])))
        }
        return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The same place without symbolic links, from the root of the image.
    func resolved(_ path: [UInt8]) throws(CommandFailure) -> [UInt8] {
        let descriptor = try open(path, OpenFlag.path)
        defer { close(descriptor.rawValue) }
        // The mount is attached nowhere: its root is where names begin.
        guard let name = ProcessFiles.link("/proc/self/fd/\(descriptor.rawValue)") else { throw failure(path) }
        return Array(name.utf8.drop { $0 == UInt8(ascii: "/") })
    }

    /// Reads errno.
    func failure(_ path: [UInt8]) -> CommandFailure {
        let error = Errno(rawValue: errno)
        let status = error == .noSuchFileOrDirectory || error == .notDirectory ? ExitStatus.notFound : ExitStatus.system
        return CommandFailure(status, "cannot read /\(String(decoding: path, as: UTF8.self)) of the image: \(error)")
    }
}
