import ArgumentParser
import Control
import Glibc
import OCI
import Runtime

struct BundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle", abstract: "Make an OCI runtime bundle of an image, for runc and crun.",
        usage: """
            imgfs bundle <source> <dir> [--read-only | --tmpfs] [<options>] [-- <argument> ...]
            imgfs bundle --remove <dir>
            """,
        discussion: """
            The bundle's rootfs is the mounted image with an overlayfs on top, whose changes stay in the bundle; \
            config.json is made from the image's config. Nothing is copied. A bundle whose mounts are gone, after a \
            reboot for example, is mounted again by the same command; its changes and its config.json stay. \
            Arguments replace the image's Cmd.
            """)

    @Argument(
        help: "The source and the bundle's directory, then arguments instead of the image's Cmd.",
        completion: .directory)
    var words: [String]

    @Flag(help: "Nothing can be written.")
    var readOnly = false

    @Flag(help: "Changes are kept in memory, and lost with the mounts.")
    var tmpfs = false

    @Flag(help: "The container has a terminal.")
    var terminal = false

    @Flag(help: "Unmount a bundle and delete it with all changes.")
    var remove = false

    @OptionGroup var image: ImageOptions
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if remove {
            guard words.count == 1, !readOnly, !tmpfs, !terminal else {
                throw ValidationError("--remove takes the bundle's directory and nothing else")
            }
        } else {
            guard words.count >= 2 else { throw ValidationError("a source and a directory are needed") }
            guard !(readOnly && tmpfs) else { throw ValidationError("--read-only and --tmpfs exclude each other") }
        }
    }

    func run() throws {
        guard geteuid() == 0 else { throw CommandFailure(ExitStatus.usage, "only root can mount") }
        let workingDirectory = SourceText.workingDirectory()
        if remove {
            let path = SourceText.absolutePath(words[0], workingDirectory: workingDirectory)
            return try BundleRemoval(directory: try BundleDirectory.open(path)).run()
        }
        var options = BundleOptions()
        options.isReadOnly = readOnly
        options.hasTerminal = terminal
        options.command = Array(words.dropFirst(2))
        let creation = BundleCreation(
            source: words[0], request: image.request(words[0], pull: .missing),
            kind: readOnly ? .readOnly : tmpfs ? .tmpfs : .overlay, options: options)
        let path = SourceText.absolutePath(words[1], workingDirectory: workingDirectory)
        let record = try creation.run(at: path, over: try daemon.connect())
        output.print(record, "")
    }
}
