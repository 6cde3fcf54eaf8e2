import Glibc
import SystemPackage

/// Deletes a directory with everything in it, however deep: containers can make paths that are longer than any limit.
///
/// A directory that is not empty is first moved to the top, so that nothing is ever more than two levels down. Symbolic
/// links are not followed, and what is mounted somewhere below stops it: a mount point can be neither moved nor deleted.
enum DirectoryRemoval {
    /// What is not there is fine. `path` itself is believed: nobody else can change it.
    static func remove(_ path: String) throws(CommandFailure) {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else {
            if errno == ENOENT { return }
            throw BundleDirectory.failure("delete", path)
        }
        defer { close(top) }
        var moved = 0
        while try removeNames(in: top, of: path, movingTo: top, &moved) {}
        guard rmdir(path) == 0 || errno == ENOENT else { throw BundleDirectory.failure("delete", path) }
    }

    /// Empties `directory`, whose own directories move into `top` when they are not empty. True when it found any name.
    private static func removeNames(
        in directory: Int32, of path: String, movingTo top: Int32, _ moved: inout Int
    ) throws(CommandFailure) -> Bool {
        let names = try names(in: directory, of: path)
        for name in names {
            if unlinkat(directory, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw BundleDirectory.failure("delete", path) }
            if unlinkat(directory, name, AT_REMOVEDIR) == 0 { continue }
            guard errno == ENOTEMPTY || errno == EEXIST else { throw BundleDirectory.failure("delete", path) }
            if directory == top {
                let child = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard child >= 0 else { throw BundleDirectory.failure("delete", path) }
                defer { close(child) }
                _ = try removeNames(in: child, of: path, movingTo: top, &moved)
            } else {
                repeat {
                    moved += 1
                    // Names of the container's own may stand there already.
                } while faccessat(top, ".removed-\(moved)", F_OK, 0) == 0
                guard renameat(directory, name, top, ".removed-\(moved)") == 0 else {
                    throw BundleDirectory.failure("delete", path)
                }
            }
        }
        return !names.isEmpty
    }

    /// Names are bytes: a container need not write UTF-8.
    private static func names(in directory: Int32, of path: String) throws(CommandFailure) -> [[CChar]] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw BundleDirectory.failure("list", path) }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw BundleDirectory.failure("list", path) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            if name != [46, 0], name != [46, 46, 0] { names.append(name) }
        }
    }
}
