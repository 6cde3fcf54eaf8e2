import CLinux
import Control
import Glibc
import SystemPackage

/// Unmounts what a daemon has mounted, in every mount namespace that can be reached through a process.
struct MountRemoval {
    /// The file systems, `major:minor`: a mount may have been moved, bound, or copied with a mount namespace.
    var devices: Set<String>
    /// Those that are in use are detached.
    var isForced: Bool

    func run() throws(CommandFailure) {
        let own = ProcessFiles.mountNamespace()
        var busy = try unmount(paths(of: "thread-self"))
        for (namespace, process) in Self.namespaces() where namespace != own {
            let paths = paths(of: process)
            if paths.isEmpty { continue }
            // This process does nothing else afterwards, so it need not come back.
            let descriptor = open("/proc/\(process)/ns/mnt", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            guard imgfs_enter_mount_namespace(descriptor) == 0 else {
                throw CommandFailure(
                    ExitStatus.mountFailure,
                    "cannot enter the mount namespace of process \(process): \(Errno(rawValue: errno))")
            }
            busy += try unmount(paths)
        }
        if let first = busy.first {
            throw CommandFailure(
                ExitStatus.mountFailure,
                "\(first) is in use" + (busy.count > 1 ? ", and \(busy.count - 1) more" : "")
                    + "; 'fuser -vm \(first)' shows by whom, --force detaches it anyway; the daemon goes on")
        }
    }

    /// Where they are mounted for a process, the newest first: what is mounted over another goes before it.
    private func paths(of process: String) -> [String] {
        guard let text = ProcessFiles.text("/proc/\(process)/mountinfo") else { return [] }
        return MountTable(parsing: text).entries.reversed()
            .filter { $0.type == "fuse.imgfs" && devices.contains($0.device) }.map(\.target)
    }

    /// Returns those that are in use.
    private func unmount(_ paths: [String]) throws(CommandFailure) -> [String] {
        var busy: [String] = []
        for path in paths where imgfs_umount(path, Detach.noFollow | (isForced ? Detach.flag : 0)) != 0 {
            switch Errno(rawValue: errno) {
            case .resourceBusy: busy.append(path)
            case .invalidArgument, .noSuchFileOrDirectory: continue  // it went with another mount of its peer group
            case let error: throw UmountCommand.failure(error, path)
            }
        }
        return busy
    }

    /// Each mount namespace once, with a process in it.
    private static func namespaces() -> [UInt64: String] {
        var found: [UInt64: String] = [:]
        guard let directory = opendir("/proc") else { return [:] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            var status = stat()
            guard Int32(name) != nil, stat("/proc/\(name)/ns/mnt", &status) == 0 else { continue }
            found[UInt64(status.st_ino)] = name
        }
        return found
    }
}
