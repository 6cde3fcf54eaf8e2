public import ArgumentParser
public import Control

struct ImgfsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgfs",
        abstract: "Mount container images as read-only file systems.",
        discussion: """
            An image is a registry reference (redis:7, registry.example.com/app@sha256:…), oci:PATH[:TAG], \
            docker-archive:FILE[:REF] or chain:sha256:… . Layers are fetched when somebody first looks inside.
            """,
        version: "imgfs \(imgfsVersion)",
        subcommands: [
            MountCommand.self, UmountCommand.self, PullCommand.self, ImagesCommand.self, MountsCommand.self,
            InspectCommand.self, ExplainCommand.self, BundleCommand.self, ExportCommand.self, CopyCommand.self,
            StatusCommand.self,
            RemoveCommand.self, PruneCommand.self,
            VerifyCommand.self,
            DaemonCommand.self,
        ])

    /// Words that cannot be the source in `imgfs SOURCE TARGET`.
    static let names: Set<String> = Set(
        configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"])
}

/// Which daemon is asked. Every command starts it when it does not run.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The store's directory.", discussion: "Also $IMGFS_ROOT.", valueName: "dir"),
        completion: .directory)
    var root: String?

    @Option(
        help: ArgumentHelp("The daemon's socket.", discussion: "Also $IMGFS_SOCKET.", valueName: "path"),
        completion: .file())
    var socket: String?

    var paths: ControlPaths { ControlPaths(root: root, socket: socket, environment: currentEnvironment()) }

    var start: DaemonStart { DaemonStart(paths: paths, environment: currentEnvironment()) }

    func connect() throws -> ControlClient { try start.connect() }
}

struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    /// Prints `value` as JSON, or `text`.
    func print(_ value: some Encodable, _ text: @autoclosure () -> String) {
        let output = json ? JSONText.pretty(value) : text()
        if !output.isEmpty { Swift.print(output) }
    }
}

/// How an image is found.
struct ImageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The image for this platform instead of the host's.", valueName: "os/arch[/variant]"))
    var platform: String?

    @Option(help: ArgumentHelp("Ask the registry what a tag stands for: missing, always or never.", valueName: "when"))
    var pull: PullPolicy?

    @Flag(help: "Allow plain HTTP, and TLS without a valid certificate.")
    var insecure = false

    @Option(help: ArgumentHelp("File with the registry's credentials.", valueName: "file"), completion: .file())
    var authfile: String?

    /// `pull` is the policy where none is given.
    func request(_ source: String, pull defaultPolicy: PullPolicy) -> SourceRequest {
        SourceText.request(
            source, platform: platform, pull: pull ?? defaultPolicy, insecure: insecure, authfile: authfile,
            environment: currentEnvironment())
    }
}

extension PullPolicy: ExpressibleByArgument {}
