import CLinux
import Glibc
import SystemPackage

/// The directory that a mount is going to cover.
struct TargetDirectory: ~Copyable {
    /// Absolute, without symbolic links.
    let path: String
    private let directory: FileDescriptor

    private init(path: String, directory: FileDescriptor) {
        self.path = path
        self.directory = directory
    }

    deinit { close(directory.rawValue) }

    /// Opens `path`. nil: the same source is mounted there already, and answers.
    static func open(_ path: String, source: String, type: String) throws(CommandFailure) -> TargetDirectory? {
        var target = try open(path)
        if let existing = target.existingMount(), existing.type == type, existing.source == source {
            var status = statfs()
            if fstatfs(target.directory.rawValue, &status) == 0 { return nil }
            // Its daemon is gone, nobody can use it any more: a new mount takes its place.
            guard errno == ENOTCONN || errno == ECONNABORTED, imgfs_umount(target.path, Detach.flag) == 0 else {
                throw failure(path, "what is mounted there does not answer: \(Errno(rawValue: errno))")
            }
            target = try open(path)
        }
        var status = stat()
        guard fstat(target.directory.rawValue, &status) == 0 else { throw failure(path, "\(Errno(rawValue: errno))") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw failure(path, "it is not a directory") }
        return target
    }

    /// O_PATH alone: it does not set off an automount, which with O_DIRECTORY it would, and asks no file system.
    private static func open(_ path: String) throws(CommandFailure) -> TargetDirectory {
        let descriptor = Glibc.open(path, OpenFlag.path | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw failure(path, errno == ENOENT ? "it does not exist" : "\(Errno(rawValue: errno))")
        }
        let resolved = ProcessFiles.link("/proc/self/fd/\(descriptor)")
        return TargetDirectory(path: resolved ?? path, directory: FileDescriptor(rawValue: descriptor))
    }

    /// The path without symbolic links, as the kernel's table has it; nil when it cannot be opened.
    static func resolved(_ path: String) -> String? {
        let descriptor = Glibc.open(path, OpenFlag.path | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return ProcessFiles.link("/proc/self/fd/\(descriptor)")
    }

    private static func failure(_ path: String, _ problem: String) -> CommandFailure {
        CommandFailure(ExitStatus.mountFailure, "cannot mount on \(path): \(problem)")
    }

    /// The mount whose root the target is; nil where nothing is mounted.
    private func existingMount() -> MountTableEntry? {
        // Most targets are not mounted on: that is known without reading a table that may have thousands of lines.
        if path != "/", let own = ProcessFiles.mountID(of: directory), let parent = Self.parentMountID(path),
            own == parent
        {
            return nil
        }
        return ProcessFiles.text("/proc/thread-self/mountinfo").flatMap { MountTable(parsing: $0).topMost(at: path) }
    }

    private static func parentMountID(_ path: String) -> UInt64? {
        let parent = path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
        let descriptor = Glibc.open(parent.isEmpty ? "/" : parent, OpenFlag.path | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return ProcessFiles.mountID(of: FileDescriptor(rawValue: descriptor))
    }

    /// Attaches a detached mount here and waits until it answers.
    borrowing func attach(_ mount: FileDescriptor) throws(CommandFailure) {
        let flags = UInt32(MOVE_MOUNT_F_EMPTY_PATH) | UInt32(MOVE_MOUNT_T_EMPTY_PATH)
        guard imgfs_move_mount(mount.rawValue, "", directory.rawValue, "", flags) == 0 else {
            throw Self.failure(path, "\(Errno(rawValue: errno))")
        }
        var status = statfs()
        guard fstatfs(mount.rawValue, &status) == 0 else {
            let error = Errno(rawValue: errno)
            _ = imgfs_umount(path, Detach.flag)
            throw Self.failure(path, "the daemon does not answer: \(error)")
        }
    }
}

/// Flags of umount2(2).
enum Detach {
    /// MNT_DETACH
    static let flag: Int32 = 2
    /// UMOUNT_NOFOLLOW
    static let noFollow: Int32 = 8
}
