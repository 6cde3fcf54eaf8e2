import CLinux
import Glibc
import SystemPackage

/// The root of a mounted image, for looking inside without leaving it: a path is followed as a process with this root
/// directory would follow it, openat2(2) with RESOLVE_IN_ROOT.
struct ImageRoot {
    /// Borrowed: whoever has the mount closes it.
    let descriptor: FileDescriptor

    /// Status of what is at `path`, symbolic links followed; nil when nothing is there.
    func status(of path: String) throws(CommandFailure) -> stat? {
        guard let file = try open(path, OpenFlag.path) else { return nil }
        defer { close(file.rawValue) }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0 else { throw Self.failure(path, errno) }
        return status
    }

    /// The regular file at `path` as text; nil when nothing is there.
    ///
    /// Looks before it opens: opening a device or a pipe would do something. In between nothing changes, an image is
    /// immutable.
    func text(of path: String, limit: Int) throws(CommandFailure) -> String? {
        guard let status = try status(of: path) else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw CommandFailure(ExitStatus.invalid, "\(path) of the image is no regular file")
        }
        guard status.st_size <= limit else {
            throw CommandFailure(ExitStatus.invalid, "\(path) of the image has more than \(limit) bytes")
        }
        guard let file = try open(path, O_RDONLY) else { return nil }
        defer { close(file.rawValue) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let received = bytes.withUnsafeMutableBytes { buffer in
                read(
                    file.rawValue, UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).baseAddress,
                    buffer.count - count)
            }
            if received < 0 && errno == EINTR { continue }
            guard received >= 0 else { throw Self.failure(path, errno) }
            if received == 0 { break }
            count += received
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// nil when nothing is there, or a symbolic link leads nowhere.
    func open(_ path: String, _ flags: Int32) throws(CommandFailure) -> FileDescriptor? {
        while true {
            let file = imgfs_open_in_root(descriptor.rawValue, path, flags)
            if file >= 0 { return FileDescriptor(rawValue: file) }
            switch errno {
            case EINTR, EAGAIN: continue
            case ENOENT, ENOTDIR: return nil
            default: throw Self.failure(path, errno)
            }
        }
    }

    static func failure(_ path: String, _ code: Int32) -> CommandFailure {
        CommandFailure(ExitStatus.system, "cannot read \(path) of the image: \(Errno(rawValue: code))")
    }
}

/// Flags of open(2) that Glibc hides from programs without _GNU_SOURCE.
enum OpenFlag {
    /// O_PATH
    static let path: Int32 = 0o10_000_000
}
