import CLinux
import Glibc
import SystemPackage
import Tar

/// Copies a tree of an image into a directory.
///
/// Names of the image become names on this machine here, and nowhere else. Everything happens beneath the destination's
/// descriptor, without following any symbolic link there, whoever made it. A file appears under its name when it is whole.
struct ImageCopy {
    private let walk: ImageWalk
    /// What `top` is beneath.
    private let base: FileDescriptor
    /// The copy's own name in `base`; empty when only contents are copied.
    private let top: [UInt8]
    private let text: String
    private let keepsEverything: Bool
    /// Names of files that have several, by inode number of the image.
    private var firstNames: [UInt64: [UInt8]] = [:]
    /// Modes and times of directories are set last: a file made in them changes them.
    private var directories: [(path: [UInt8], item: ImageWalk.Item)] = []

    private static let bufferByteCount = 1 << 20

    /// `name` is what is copied, empty for the contents of a directory.
    init(
        walk: ImageWalk, to destination: String, name: [UInt8], isDirectory: Bool, keepsEverything: Bool
    ) throws(CommandFailure) {
        self.walk = walk
        self.keepsEverything = keepsEverything
        text = destination
        var status = stat()
        let isThere = stat(destination, &status) == 0
        if isThere, status.st_mode & S_IFMT == S_IFDIR {
            base = try Self.directory(destination)
            top = name
            return
        }
        guard !isThere || !isDirectory else {
            throw CommandFailure(ExitStatus.usage, "\(destination) is no directory: a directory cannot replace it")
        }
        let path = FilePath(destination)
        guard let last = path.lastComponent, last.kind == .regular, !destination.hasSuffix("/") || isDirectory else {
            throw CommandFailure(ExitStatus.notFound, "\(destination) is no directory")
        }
        let parent = path.removingLastComponent()
        base = try Self.directory(parent.isEmpty ? "." : parent.string)
        top = Array(last.string.utf8)
    }

    private static func directory(_ path: String) throws(CommandFailure) -> FileDescriptor {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BundleDirectory.failure("open the directory", path) }
        return FileDescriptor(rawValue: descriptor)
    }

    mutating func run(from path: [UInt8]) throws {
        defer { close(base.rawValue) }
        let walk = self.walk
        try walk.forEach(from: path) { item in
            let relative = Array(item.path.dropFirst(path.count).drop { $0 == UInt8(ascii: "/") })
            let slash = top.isEmpty || relative.isEmpty ? [] : [UInt8(ascii: "/")]
            try make(item, at: top + slash + relative)
        }
        for (path, item) in directories.reversed() { try finishDirectory(path, item) }
    }

    private mutating func make(_ item: ImageWalk.Item, at path: [UInt8]) throws {
        if path.isEmpty { return }  // the destination itself, which is there
        let slash = path.lastIndex(of: UInt8(ascii: "/"))
        let parent = try open(slash.map { Array(path[..<$0]) } ?? [UInt8(ascii: ".")], OpenFlag.path | O_DIRECTORY)
        defer { close(parent.rawValue) }
        let name = path[(slash.map { $0 + 1 } ?? 0)...].map { CChar(bitPattern: $0) } + [0]
        if item.kind == S_IFDIR {
            guard mkdirat(parent.rawValue, name, 0o700) == 0 || errno == EEXIST else { throw failure(path) }
            directories.append((path, item))
            return
        }
        let partial = ".imgfs-cp-\(getpid())"
        unlinkat(parent.rawValue, partial, 0)
        do {
            try makeFile(item, in: parent.rawValue, partial, path)
            guard renameat(parent.rawValue, partial, parent.rawValue, name) == 0 else { throw failure(path) }
        } catch {
            unlinkat(parent.rawValue, partial, 0)
            throw error
        }
        // rename(2) between two names of one file does nothing and leaves both.
        unlinkat(parent.rawValue, partial, 0)
        if item.status.st_nlink > 1 { firstNames[UInt64(item.status.st_ino)] = path }
    }

    private func makeFile(_ item: ImageWalk.Item, in parent: Int32, _ name: String, _ path: [UInt8]) throws {
        if let first = firstNames[UInt64(item.status.st_ino)] {
            let file = try open(first, OpenFlag.path | O_NOFOLLOW)
            defer { close(file.rawValue) }
            // AT_SYMLINK_FOLLOW: the descriptor's file, not the link in /proc.
            guard linkat(AT_FDCWD, "/proc/self/fd/\(file.rawValue)", parent, name, AT_SYMLINK_FOLLOW) == 0 else {
                throw failure(path)
            }
            return
        }
        switch item.kind {
        case S_IFREG:
            let file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw failure(path) }
            defer { close(file) }
            try copyContent(of: item, to: file, path)
        case S_IFLNK:
            let target = try walk.linkTarget(of: item.path).map { CChar(bitPattern: $0) } + [0]
            guard symlinkat(target, parent, name) == 0 else { throw failure(path) }
        default:
            guard keepsEverything else {
                throw CommandFailure(
                    ExitStatus.unsupported,
                    "/\(String(decoding: item.path, as: UTF8.self)) of the image is a device or a pipe; -a copies it")
            }
            guard mknodat(parent, name, item.kind | 0o600, item.status.st_rdev) == 0 else { throw failure(path) }
        }
        let made = openat(parent, name, OpenFlag.path | O_NOFOLLOW | O_CLOEXEC)
        guard made >= 0 else { throw failure(path) }
        defer { close(made) }
        try setAttributes(of: item, on: made, path)
    }

    private func copyContent(of item: ImageWalk.Item, to output: Int32, _ path: [UInt8]) throws {
        let size = UInt64(item.status.st_size)
        guard ftruncate(output, Int(size)) == 0 else { throw failure(path) }
        if size == 0 { return }
        let input = try walk.open(item.path, O_RDONLY | O_NOFOLLOW)
        defer { close(input.rawValue) }
        guard let data = FileData.ranges(of: input.rawValue, size: size) else { throw walk.failure(item.path) }
        var buffer = [UInt8](repeating: 0, count: Self.bufferByteCount)
        for range in data {
            var offset = Int(range.lowerBound)
            while offset < Int(range.upperBound) {
                let wanted = min(buffer.count, Int(range.upperBound) - offset)
                let count = buffer.withUnsafeMutableBytes { pread(input.rawValue, $0.baseAddress, wanted, offset) }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw walk.failure(item.path) }
                var rest = buffer[..<count]
                while !rest.isEmpty {
                    let written = rest.withUnsafeBytes { pwrite(output, $0.baseAddress, $0.count, offset) }
                    if written < 0 && errno == EINTR { continue }
                    guard written > 0 else { throw failure(path) }
                    rest = rest.dropFirst(written)
                    offset += written
                }
            }
        }
    }

    private func finishDirectory(_ path: [UInt8], _ item: ImageWalk.Item) throws {
        let directory = try open(path, OpenFlag.path | O_DIRECTORY)
        defer { close(directory.rawValue) }
        try setAttributes(of: item, on: directory.rawValue, path)
    }

    /// `made` is opened with O_PATH, so that nothing happens but this; /proc is the way to change what it stands for.
    private func setAttributes(of item: ImageWalk.Item, on made: Int32, _ path: [UInt8]) throws {
        let file = "/proc/self/fd/\(made)"
        let isLink = item.kind == S_IFLNK
        if keepsEverything {
            // AT_EMPTY_PATH. The owner first: a change takes set-user-id bits and capabilities away.
            guard fchownat(made, "", item.status.st_uid, item.status.st_gid, 0x1000) == 0 else { throw failure(path) }
            for attribute in try walk.extendedAttributes(of: item.path) {
                let name = attribute.name.map { CChar(bitPattern: $0) } + [0]
                guard setxattr(file, name, attribute.value, attribute.value.count, 0) == 0 else { throw failure(path) }
            }
        }
        let mode = item.status.st_mode & (keepsEverything ? 0o7777 : 0o777)
        guard isLink || chmod(file, mode) == 0 else { throw failure(path) }
        var times = [item.status.st_mtim, item.status.st_mtim]
        guard utimensat(AT_FDCWD, file, &times, 0) == 0 else { throw failure(path) }
    }

    private func open(_ path: [UInt8], _ flags: Int32) throws(CommandFailure) -> FileDescriptor {
        while true {
            let file = imgfs_open_beneath(base.rawValue, path.map { CChar(bitPattern: $0) } + [0], flags, 0)
            if file >= 0 { return FileDescriptor(rawValue: file) }
            if errno != EINTR && errno != EAGAIN { throw failure(path) }
        }
    }

    /// Reads errno.
    private func failure(_ path: [UInt8]) -> CommandFailure {
        let error = Errno(rawValue: errno)
        return CommandFailure(
            ExitStatus.system, "cannot write \(String(decoding: path, as: UTF8.self)) in \(text): \(error)")
    }
}
