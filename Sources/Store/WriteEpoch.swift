import CLinux
import Glibc

/// A time during which everything written to the store stays readable, whether or not it reached the disk: one run of
/// the kernel with the store's file system mounted without a break.
///
/// What was written in the present epoch is as good as its writer left it, also when the writer was killed. What was
/// written in another one may be lost in part (power failure, a copy of the disk), unless it was synced.
struct WriteEpoch: Sendable, Equatable, CustomStringConvertible {
    /// The kernel's boot id: a random UUID per boot, random(4).
    var bootID: String
    /// Of the store's file system.
    var device: UInt64
    /// Of the mount that the store was reached through, statx(2); from Linux 6.8 on it is never used twice in a boot.
    var mountID: UInt64

    var description: String { "\(bootID) \(device) \(mountID)" }

    init(bootID: String, device: UInt64, mountID: UInt64) {
        self.bootID = bootID
        self.device = device
        self.mountID = mountID
    }

    /// The reverse of `description`; nil for anything else.
    init?(parsing text: some StringProtocol) {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 3, !fields[0].isEmpty, let device = UInt64(fields[1]), let mountID = UInt64(fields[2])
        else { return nil }
        self.init(bootID: String(fields[0]), device: device, mountID: mountID)
    }

    /// The present epoch of the directory `root`.
    static func current(root: String, bootID: String?) throws(StoreError) -> WriteEpoch {
        let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(root)", errno) }
        defer { close(descriptor) }
        var status = stat()
        var mountID: UInt = 0
        guard fstat(descriptor, &status) == 0, imgfs_mount_id(descriptor, &mountID) == 0 else {
            throw .system("stat \(root)", errno)
        }
        let boot = if let bootID { bootID } else { try kernelBootID() }
        return WriteEpoch(bootID: boot, device: UInt64(status.st_dev), mountID: UInt64(mountID))
    }

    /// Whether bytes appended in `other` and not synced are worth keeping when their digest is checked later anyway.
    /// The mount does not count here: a daemon with a mount namespace of its own sees another one after each start.
    func isSameBoot(as other: WriteEpoch) -> Bool { bootID == other.bootID && device == other.device }

    private static func kernelBootID() throws(StoreError) -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)", errno) }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { throw .system("read \(path)", count == 0 ? EIO : errno) }
        return String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
