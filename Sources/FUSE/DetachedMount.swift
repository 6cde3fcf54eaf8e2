import CLinux
import Glibc
import Synchronization
public import SystemPackage

/// What a mount permits, besides being read-only always. See mount(8).
public struct MountAttributes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Set-user-id, set-group-id and file capabilities have no effect.
    public static let noSetUserID = Self(rawValue: UInt32(MOUNT_ATTR_NOSUID))
    /// Device files cannot be opened.
    public static let noDevices = Self(rawValue: UInt32(MOUNT_ATTR_NODEV))
    /// Programs cannot be executed.
    public static let noExecute = Self(rawValue: UInt32(MOUNT_ATTR_NOEXEC))
    /// Access times, which no image has, are not kept (`noatime`).
    public static let noAccessTime = Self(rawValue: UInt32(MOUNT_ATTR_NOATIME))
    public static let noDirectoryAccessTime = Self(rawValue: UInt32(MOUNT_ATTR_NODIRATIME))
    public static let strictAccessTime = Self(rawValue: UInt32(MOUNT_ATTR_STRICTATIME))
    /// Symbolic links are not followed.
    public static let noSymbolicLinks = Self(rawValue: UInt32(MOUNT_ATTR_NOSYMFOLLOW))
}

/// Mounts that are attached nowhere yet: a descriptor that move_mount(2) puts in place, in any mount namespace.
///
/// The first mount of a session makes its superblock. Every further one finds the same superblock, since it names the
/// same /dev/fuse descriptor, but has a source name and attributes of its own.
public enum DetachedMount {
    /// Who may look inside.
    public enum Access: Sendable {
        /// Everybody, as the permissions of the files say.
        case everybody
        /// Only processes of the daemon's own user.
        case owner
    }

    /// The caller closes the descriptor; closing the last one that was never attached ends the session.
    ///
    /// `access` is settled by the first mount of the session. Throws `sessionEnded` when the session's last mount went
    /// away before, `mount` when the kernel refuses.
    public static func make(
        _ session: FuseSession, sourceName: String, attributes: MountAttributes, access: Access = .everybody
    ) throws(FuseError) -> FileDescriptor {
        try session.mountState.withLock { (state) throws(FuseError) -> FileDescriptor in
            if state.isGivenUp { throw .sessionEnded }
            let mount = try make(
                device: session.descriptor, sourceName: sourceName, attributes: attributes, access: access,
                isFirst: !state.isMounted)
            if !state.isMounted {
                state.device = deviceNumber(of: mount)
                // Before its first request is read: a predecessor's session is complete or was never mounted.
                session.keeping?.store(session.descriptor)
                do throws(FuseError) {
                    try session.pool.add(session)
                } catch {
                    close(mount.rawValue)
                    throw error
                }
                state.isMounted = true
            }
            return mount
        }
    }

    private static func make(
        device: FileDescriptor, sourceName: String, attributes: MountAttributes, access: Access, isFirst: Bool
    ) throws(FuseError) -> FileDescriptor {
        let context = MountContext(descriptor: imgfs_fsopen("fuse", UInt32(FSOPEN_CLOEXEC)))
        guard context.descriptor >= 0 else { throw context.error("fsopen") }
        try context.set("source", to: sourceName)
        try context.set("subtype", to: "imgfs")
        try context.set("fd", to: "\(device.rawValue)")
        try context.set("rootmode", to: "40000")
        try context.set("user_id", to: "\(geteuid())")
        try context.set("group_id", to: "\(getegid())")
        try context.set("default_permissions")
        if case .everybody = access { try context.set("allow_other") }
        try context.set("ro")
        do throws(FuseError) {
            try context.create()
        } catch {
            guard case .mount(_, Errno(rawValue: ENOTCONN), _) = error, !isFirst else { throw error }
            throw .sessionEnded
        }
        let flags = attributes.rawValue | UInt32(MOUNT_ATTR_RDONLY)
        let mount = imgfs_fsmount(context.descriptor, UInt32(FSMOUNT_CLOEXEC), flags)
        guard mount >= 0 else { throw context.error("fsmount") }
        return FileDescriptor(rawValue: mount)
    }

    /// Without a request to the file system, which nobody answers yet.
    private static func deviceNumber(of mount: FileDescriptor) -> DeviceNumber? {
        var major: UInt32 = 0
        var minor: UInt32 = 0
        guard imgfs_device_of(mount.rawValue, &major, &minor) == 0 else { return nil }
        return DeviceNumber(major: major, minor: minor)
    }
}

/// A file system context of fsopen(2), closed at the end.
private struct MountContext: ~Copyable {
    let descriptor: Int32

    deinit { if descriptor >= 0 { close(descriptor) } }

    func set(_ key: String, to value: String) throws(FuseError) {
        guard imgfs_fsconfig(descriptor, FSCONFIG_SET_STRING.rawValue, key, value, 0) == 0 else {
            throw error("option \(key)")
        }
    }

    func set(_ flag: String) throws(FuseError) {
        guard imgfs_fsconfig(descriptor, FSCONFIG_SET_FLAG.rawValue, flag, nil, 0) == 0 else {
            throw error("option \(flag)")
        }
    }

    func create() throws(FuseError) {
        guard imgfs_fsconfig(descriptor, FSCONFIG_CMD_CREATE.rawValue, nil, nil, 0) == 0 else {
            throw error("create")
        }
    }

    /// Reads errno first, then what the kernel says about it: lines like `e fuse: Bad value for 'fd'`.
    func error(_ step: String) -> FuseError {
        let code = Errno(rawValue: errno)
        guard descriptor >= 0 else { return .mount(step: step, code, detail: "") }
        let detail = String(unsafeUninitializedCapacity: 1024) { memory in
            max(0, read(descriptor, memory.baseAddress, memory.count))
        }
        let trimmed = detail.split(separator: "\n").first.map { String($0.drop { "ewi ".contains($0) }) }
        return .mount(step: step, code, detail: trimmed ?? "")
    }
}
