import Glibc
import OCI
import SystemPackage

/// A regular file, open for reading for as long as this lives.
final class OpenFile: Sendable {
    let descriptor: FileDescriptor
    let byteCount: Int64
    /// For messages.
    let name: String

    /// Opens `path`, which may lead through symbolic links: it is what a person has written.
    convenience init(path: FilePath) throws(LocalImageError) {
        let number = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        try self.init(taking: number, name: path.string)
    }

    /// Opens `component` in `directory`, and nothing that a symbolic link there leads to.
    convenience init(component: String, in directory: OpenDirectory) throws(LocalImageError) {
        let number = openat(
            directory.descriptor.rawValue, component, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        try self.init(taking: number, name: directory.name + "/" + component)
    }

    /// `number` is a new descriptor, or -1 when errno says why there is none. O_NONBLOCK kept open(2) from waiting for
    /// the writer of a pipe; for regular files it means nothing.
    private init(taking number: Int32, name: String) throws(LocalImageError) {
        guard number >= 0 else { throw .opening(name, Errno(rawValue: errno)) }
        descriptor = FileDescriptor(rawValue: number)
        self.name = name
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            // The deinit does not run for an object that was never complete.
            close(number)
            throw LocalImageError(.invalid, "\(name) is not a regular file")
        }
        byteCount = Int64(status.st_size)
    }

    deinit { close(descriptor.rawValue) }
}

/// A directory, open for as long as this lives.
final class OpenDirectory: Sendable {
    let descriptor: FileDescriptor
    /// For messages.
    let name: String

    convenience init(path: FilePath) throws(LocalImageError) {
        let number = path.withPlatformString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        try self.init(taking: number, name: path.string)
    }

    convenience init(component: String, in directory: OpenDirectory) throws(LocalImageError) {
        let number = openat(
            directory.descriptor.rawValue, component, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        try self.init(taking: number, name: directory.name + "/" + component)
    }

    private init(taking number: Int32, name: String) throws(LocalImageError) {
        guard number >= 0 else { throw .opening(name, Errno(rawValue: errno)) }
        descriptor = FileDescriptor(rawValue: number)
        self.name = name
    }

    deinit { close(descriptor.rawValue) }
}

extension LocalImageError {
    fileprivate static func opening(_ name: String, _ error: Errno) -> LocalImageError {
        switch error {
        case .noSuchFileOrDirectory: LocalImageError(.notFound, "\(name) does not exist")
        case .permissionDenied, .notPermitted: LocalImageError(.denied, "\(name) may not be read: \(error)")
        case .notDirectory: LocalImageError(.invalid, "\(name) is not a directory")
        case .tooManySymbolicLinkLevels:
            LocalImageError(.invalid, "\(name) is a symbolic link, which an image layout may not have")
        default: LocalImageError(.io, "\(name) cannot be opened: \(error)")
        }
    }
}
