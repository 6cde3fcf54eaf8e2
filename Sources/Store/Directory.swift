import Glibc
import OCI

/// Directories of the store. Nothing here follows a symbolic link in the last component of a path.
enum Directory {
    /// Makes `path` for the owner alone, if it is not there. An existing one must belong to this user and be writable
    /// by nobody else: what it holds is believed.
    static func make(_ path: String) throws(StoreError) {
        guard mkdir(path, 0o700) != 0 else { return }
        guard errno == EEXIST else { throw .system("make directory \(path)", errno) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .system("stat \(path)", errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .system("use \(path)", ENOTDIR) }
        guard status.st_uid == geteuid() else {
            throw StoreError(
                kind: .denied,
                description: "\(path) belongs to user \(status.st_uid), not to \(geteuid()); a store has one owner")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw StoreError(
                kind: .denied,
                description: "others may write to \(path); 'chmod 700 \(path)' makes it usable as a store")
        }
    }

    /// Names in `path`, unordered, without `.` and `..`; none when `path` does not exist.
    static func entries(of path: String) throws(StoreError) -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT { return [] }
            throw .system("list \(path)", errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .system("list \(path)", errno) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    /// Bytes of all files in `path`; 0 when it is not there.
    static func byteCount(ofFilesIn path: String) throws(StoreError) -> Int64 {
        var total: Int64 = 0
        for name in try entries(of: path) {
            var status = stat()
            if lstat(path + "/" + name, &status) == 0 { total += Int64(status.st_size) }
        }
        return total
    }

    /// Removes `path` and everything in it. What is gone already is fine.
    static func removeAll(_ path: String) throws(StoreError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw .system("remove \(path)", errno) }
        for name in try entries(of: path) { try removeAll(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .system("remove \(path)", errno) }
    }

    /// Returns when the names in `path` are on the disk.
    static func synchronize(_ path: String) throws(StoreError) {
        guard try synchronizeIfPresent(path) else { throw .system("open \(path)", ENOENT) }
    }

    /// The same; false when `path` is not there.
    @discardableResult
    static func synchronizeIfPresent(_ path: String) throws(StoreError) -> Bool {
        let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            if errno == ENOENT { return false }
            throw .system("open \(path)", errno)
        }
        defer { close(descriptor) }
        guard retrying({ fsync(descriptor) }) == 0 else { throw .system("sync \(path)", errno) }
        return true
    }
}
