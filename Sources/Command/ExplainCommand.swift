import ArgumentParser
import Control

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show where a path of a mounted image comes from.",
        discussion: """
            Says which layer has it, or hides it, whether its bytes are on this machine, and what a reader waits for. \
            Fetches nothing. Symbolic links in the image lead inside of the image.
            """)

    @Argument(help: "A path below the place where an image is mounted.", completion: .file())
    var path: String

    @Flag(
        name: [.customShort("L"), .customLong("follow-link")], help: "Follow a symbolic link at the end of the path.")
    var followsLink = false

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        guard let table = ProcessFiles.text("/proc/self/mountinfo").map({ MountTable(parsing: $0) }) else {
            throw CommandFailure(ExitStatus.system, "cannot read /proc/self/mountinfo")
        }
        let given = SourceText.absolutePath(path, workingDirectory: SourceText.workingDirectory())
        guard let place = MountedPath.find(given, in: table, readLink: { ProcessFiles.link($0) }) else {
            throw CommandFailure(ExitStatus.notFound, "\(path): no image is mounted there")
        }
        let explanation = try daemon.connect().explain(
            ExplainRequest(device: place.mount.device, path: place.path, followsLink: followsLink))
        output.print(explanation, ExplanationText.text(explanation))
    }
}
