import CLinux
import Control
import Glibc
import SystemPackage

/// The mounts of a bundle: the image, and what makes it a root file system.
struct BundleMounts {
    let directory: BundleDirectory

    /// True when the root file system is mounted and the image in it answers.
    func isUsable(_ record: BundleRecord) -> Bool {
        guard let table = ProcessFiles.text("/proc/self/mountinfo").map({ MountTable(parsing: $0) }),
            let root = table.topMost(at: directory.root)
        else { return false }
        let image = root.type == "overlay" ? directory.image : directory.root
        var status = statfs()
        return table.topMost(at: image)?.type == "fuse.imgfs" && statfs(image, &status) == 0
    }

    func attach(_ mount: borrowing GrantedMount, at path: String, over connection: ControlClient) throws(CommandFailure)
    {
        try BundleDirectory.makeDirectory(path)
        // nil only for a mount of the same source, which `unmountAll` has taken away.
        guard let target = try TargetDirectory.open(path, source: "", type: "") else { return }
        try mount.attach(to: target, over: connection, program: "imgfs")
    }

    func mountTmpfs() throws(CommandFailure) {
        try BundleDirectory.makeDirectory(directory.changes)
        try mount("tmpfs", on: directory.changes, [("source", "imgfs"), ("mode", "0700")])
    }

    /// An overlayfs that can be written.
    func mountWritable(source: String) throws(CommandFailure) {
        try BundleDirectory.makeDirectory(directory.changes, mode: 0o700)
        let upper = directory.changes + "/upper"
        if mkdir(upper, 0o755) == 0 { try copyAttributes(of: directory.image, to: upper) }
        try BundleDirectory.makeDirectory(directory.changes + "/work", mode: 0o700)
        try mount(
            "overlay", on: directory.root,
            [
                ("source", SourceText.mountSource(source)), ("lowerdir", "image"), ("upperdir", "changes/upper"),
                ("workdir", "changes/work"),
            ])
    }

    /// An overlayfs of two layers that cannot be written: below the image are the directories that it lacks.
    func mountReadOnly(source: String, with paths: [String]) throws(CommandFailure) {
        try BundleDirectory.makeDirectory(directory.mountPoints)
        for path in paths {
            var current = directory.mountPoints
            for component in path.split(separator: "/") {
                current += "/" + component
                try BundleDirectory.makeDirectory(current)
            }
        }
        try mount(
            "overlay", on: directory.root,
            [("source", SourceText.mountSource(source)), ("lowerdir", "image:mountpoints")])
    }

    /// The root directory of an overlayfs is that of its upper layer.
    private func copyAttributes(of source: String, to target: String) throws(CommandFailure) {
        var status = stat()
        guard stat(source, &status) == 0 else { throw BundleDirectory.failure("look at", source) }
        var times = [status.st_mtim, status.st_mtim]
        guard chown(target, status.st_uid, status.st_gid) == 0, chmod(target, status.st_mode & 0o7777) == 0,
            utimensat(AT_FDCWD, target, &times, 0) == 0
        else { throw BundleDirectory.failure("prepare", target) }
    }

    /// Unmounts whatever is mounted in the bundle, the topmost first. Without `lazily` a mount that is in use is an
    /// error.
    func unmountAll(lazily: Bool) throws(CommandFailure) {
        for path in [directory.root, directory.image, directory.changes] {
            while let table = ProcessFiles.text("/proc/self/mountinfo").map({ MountTable(parsing: $0) }),
                table.topMost(at: path) != nil
            {
                guard imgfs_umount(path, Detach.noFollow | (lazily ? Detach.flag : 0)) == 0 else {
                    throw UmountCommand.failure(Errno(rawValue: errno), path)
                }
            }
        }
    }

    /// Paths in options are relative to the bundle: fsconfig(2) takes no more than 255 bytes, and in absolute ones
    /// overlayfs takes colons, commas and backslashes for its own.
    private func mount(
        _ type: String, on path: String, _ options: [(key: String, value: String)]
    ) throws(CommandFailure) {
        guard chdir(directory.path) == 0 else { throw BundleDirectory.failure("enter", directory.path) }
        let context = imgfs_fsopen(type, UInt32(FSOPEN_CLOEXEC))
        guard context >= 0 else { throw BundleDirectory.failure("mount a file system of type \(type) on", path) }
        defer { close(context) }
        for option in options {
            guard imgfs_fsconfig(context, FSCONFIG_SET_STRING.rawValue, option.key, option.value, 0) == 0 else {
                throw Self.failure(type, path, context)
            }
        }
        guard imgfs_fsconfig(context, FSCONFIG_CMD_CREATE.rawValue, nil, nil, 0) == 0 else {
            throw Self.failure(type, path, context)
        }
        let mount = imgfs_fsmount(context, UInt32(FSMOUNT_CLOEXEC), 0)
        guard mount >= 0 else { throw Self.failure(type, path, context) }
        defer { close(mount) }
        guard imgfs_move_mount(mount, "", AT_FDCWD, path, UInt32(MOVE_MOUNT_F_EMPTY_PATH)) == 0 else {
            throw Self.failure(type, path, context)
        }
    }

    /// Reads errno first, then what the kernel says about it.
    private static func failure(_ type: String, _ path: String, _ context: Int32) -> CommandFailure {
        let error = Errno(rawValue: errno)
        let text = String(unsafeUninitializedCapacity: 1024) { memory in
            max(0, read(context, memory.baseAddress, memory.count))
        }
        let detail = text.split(separator: "\n").first.map { " (\($0.drop { "ewi ".contains($0) }))" } ?? ""
        return CommandFailure(ExitStatus.system, "cannot mount \(type) on \(path): \(error)\(detail)")
    }
}
