import ArgumentParser
import CLinux
import Glibc
import SystemPackage

struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount", abstract: "Unmount an image.",
        discussion: "The same as umount(8), but only for mounts of imgfs.")

    @Argument(help: "Where the image is mounted.", completion: .directory)
    var target: String

    @Flag(name: [.short, .long], help: "Detach it now, end it when nobody uses it any more.")
    var lazy = false

    @OptionGroup var output: OutputOptions

    private struct Result: Encodable {
        var source: String
        var target: String
    }

    func run() throws {
        let given = SourceText.absolutePath(target, workingDirectory: SourceText.workingDirectory())
        let path = TargetDirectory.resolved(given) ?? given
        guard let table = ProcessFiles.text("/proc/self/mountinfo").map({ MountTable(parsing: $0) }) else {
            throw CommandFailure(ExitStatus.system, "cannot read /proc/self/mountinfo")
        }
        let entry = try Self.check(table.topMost(at: path), path)
        guard imgfs_umount(path, Detach.noFollow | (lazy ? Detach.flag : 0)) == 0 else {
            throw Self.failure(Errno(rawValue: errno), path)
        }
        if output.json { print(JSONText.pretty(Result(source: entry.source, target: path))) }
    }

    /// The mount at `path`, which has to be one of imgfs.
    static func check(_ entry: MountTableEntry?, _ path: String) throws(CommandFailure) -> MountTableEntry {
        guard let entry else { throw CommandFailure(ExitStatus.mountFailure, "\(path): nothing is mounted there") }
        guard entry.type == "fuse.imgfs" else {
            throw CommandFailure(
                ExitStatus.mountFailure, "\(path): what is mounted there is \(entry.type), not an image; use umount")
        }
        return entry
    }

    static func failure(_ error: Errno, _ path: String) -> CommandFailure {
        switch error {
        case .resourceBusy:
            CommandFailure(
                ExitStatus.mountFailure,
                "\(path) is in use; 'fuser -vm \(path)' shows by whom, --lazy detaches it anyway")
        case .notPermitted, .permissionDenied:
            CommandFailure(ExitStatus.usage, "\(path): only root may unmount it")
        default: CommandFailure(ExitStatus.mountFailure, "cannot unmount \(path): \(error)")
        }
    }
}
