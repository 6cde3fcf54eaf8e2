import ArgumentParser
import Control
import Glibc
import SystemPackage

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write an image's root file system as a tar archive.",
        discussion: """
            All layers laid over one another, as a mount shows them, to standard output. Sorted, with owners, times to \
            the nanosecond, hard links, devices, holes and extended attributes: the same image always gives the same \
            bytes. Nothing is mounted in any directory.
            """)

    @Argument(help: "A registry reference, oci:PATH[:TAG], docker-archive:FILE[:REF] or chain:sha256:… .")
    var source: String

    @Option(
        name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Write to a file.", valueName: "file"),
        completion: .file())
    var file: String?

    @OptionGroup var image: ImageOptions
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let output = try ArchiveOutput(file: file)
        let access = try ImageAccess(
            image.request(source, pull: .missing), source: source, program: "imgfs export", over: try daemon.connect())
        var archive = ImageArchive(of: access.root, to: output.descriptor)
        try archive.write()
        try output.finish()
    }
}

/// Where an archive goes. A file appears under its name when it is whole.
struct ArchiveOutput: ~Copyable {
    let descriptor: FileDescriptor
    private let file: (path: String, partial: String)?

    /// nil: standard output, which must not be a terminal.
    init(file path: String?) throws(CommandFailure) {
        guard let path else {
            guard !Terminal.isTerminal(STDOUT_FILENO) else {
                throw CommandFailure(
                    ExitStatus.usage, "an archive is nothing for a terminal: redirect it, or use -o FILE")
            }
            descriptor = FileDescriptor(rawValue: STDOUT_FILENO)
            file = nil
            return
        }
        let partial = path + ".imgfs-\(getpid())"
        let opened = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard opened >= 0 else { throw BundleDirectory.failure("write", path) }
        descriptor = FileDescriptor(rawValue: opened)
        file = (path, partial)
    }

    deinit {
        guard let file else { return }
        close(descriptor.rawValue)
        unlink(file.partial)
    }

    borrowing func finish() throws(CommandFailure) {
        guard let file else { return }
        guard rename(file.partial, file.path) == 0 else { throw BundleDirectory.failure("write", file.path) }
    }
}
