import CLinux
import FoundationEssentials
import Glibc
import OCI
import SystemPackage

/// What a bundle was made of; `imgfs.json` in it, which also says that the directory is one.
struct BundleRecord: Codable, Equatable {
    enum Kind: String, Codable {
        /// Changes are in the bundle.
        case overlay
        /// Changes are in a tmpfs.
        case tmpfs
        case readOnly
    }

    var source: String
    var name: String
    var manifestDigest: Digest
    var chainID: Digest
    var kind: Kind
}

/// The files of a bundle. All paths lead through `path`, which only root can enter: the root file system has
/// set-user-id programs that nobody else on this machine may start.
struct BundleDirectory {
    /// Absolute, without symbolic links.
    let path: String
    /// nil: the directory was empty.
    let record: BundleRecord?

    var config: String { path + "/config.json" }
    var recordFile: String { path + "/imgfs.json" }
    /// Where the runtime finds the root file system.
    var root: String { path + "/rootfs" }
    /// Where the image is mounted, below the overlayfs.
    var image: String { path + "/image" }
    /// Has `upper` and `work` of the overlayfs; or is a tmpfs that has them.
    var changes: String { path + "/changes" }
    /// Directories that the image lacks and that the runtime mounts on, for a root that cannot be written.
    var mountPoints: String { path + "/mountpoints" }

    /// Opens an existing bundle.
    static func open(_ path: String) throws(CommandFailure) -> BundleDirectory {
        let directory = BundleDirectory(path: TargetDirectory.resolved(path) ?? path, record: nil)
        guard let text = ProcessFiles.text(directory.recordFile, limit: 1 << 20) else {
            throw CommandFailure(ExitStatus.notFound, "\(path) is no bundle of imgfs: it has no imgfs.json")
        }
        do {
            let record = try JSONDecoder().decode(BundleRecord.self, from: Data(text.utf8))
            return BundleDirectory(path: directory.path, record: record)
        } catch {
            throw CommandFailure(ExitStatus.invalid, "\(directory.recordFile) is not what imgfs writes there")
        }
    }

    /// Opens a bundle, or makes an empty directory that is to become one. Only an empty directory is taken.
    static func make(_ path: String) throws(CommandFailure) -> BundleDirectory {
        if mkdir(path, 0o700) != 0 {
            guard errno == EEXIST else { throw failure("make", path) }
            let names = try names(in: path)
            if names.contains("imgfs.json") { return try open(path) }
            guard names.isEmpty else {
                throw CommandFailure(
                    ExitStatus.usage, "\(path) is neither empty nor a bundle of imgfs: give another directory")
            }
            guard chmod(path, 0o700) == 0 else { throw failure("close to others", path) }
        }
        return BundleDirectory(path: TargetDirectory.resolved(path) ?? path, record: nil)
    }

    /// Writes a new file; the bundle's directory is root's own.
    func write(_ text: String, to file: String) throws(CommandFailure) {
        let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", file) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("write", file) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes a directory that may be there already.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(CommandFailure) {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("make", path) }
    }

    static func names(in path: String) throws(CommandFailure) -> [String] {
        guard let stream = opendir(path) else { throw failure("list", path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Reads errno.
    static func failure(_ action: String, _ path: String) -> CommandFailure {
        let error = Errno(rawValue: errno)
        let status = error == .noSuchFileOrDirectory ? ExitStatus.notFound : ExitStatus.system
        return CommandFailure(status, "cannot \(action) \(path): \(error)")
    }
}
