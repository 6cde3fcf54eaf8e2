import ArgumentParser
import Control
import Glibc
import OCI
import SystemPackage

struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon", abstract: "Run the daemon, or stop it.",
        subcommands: [DaemonRunCommand.self, DaemonStopCommand.self], defaultSubcommand: DaemonRunCommand.self)
}

struct DaemonRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serve mounts and commands until it is told to stop.",
        discussion: "It is started by the first mount or command, or by systemd. The log goes to standard error.")

    @OptionGroup var daemon: DaemonOptions

    @Option(help: ArgumentHelp("Layers that are fetched at the same time.", valueName: "n"))
    var maxDownloads = DaemonConfiguration().maximumDownloads

    @Option(help: ArgumentHelp("Time to connect to a registry.", valueName: "seconds"))
    var connectTimeout = DaemonConfiguration().connectTimeoutSeconds

    @Option(help: ArgumentHelp("A transfer that stands still for so long is broken off.", valueName: "seconds"))
    var idleTimeout = DaemonConfiguration().idleTimeoutSeconds

    @Option(help: ArgumentHelp("How often a failing request is tried.", valueName: "n"))
    var attempts = DaemonConfiguration().attempts

    @Option(help: ArgumentHelp("No new attempt starts after this time.", valueName: "seconds"))
    var retryTime = DaemonConfiguration().retryTimeSeconds

    @Option(
        name: .customLong("limit"),
        help: ArgumentHelp(
            "Lets images have more, or less, of something; may be given several times. Names and defaults are in"
                + " docs/cli.md.", valueName: "name=value"))
    var limitSettings: [String] = []

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = DaemonConfiguration().logLevel

    @Option(help: ArgumentHelp("Append the log to this file.", valueName: "file"))
    var logFile: String?

    @Flag(help: "Return when the daemon serves; it goes on in the background.")
    var detach = false

    @Flag(help: .hidden)
    var launched = false

    private static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    func validate() throws {
        _ = try limits
        guard maxDownloads >= 1 else { throw ValidationError("--max-downloads is at least 1") }
        guard attempts >= 1 else { throw ValidationError("--attempts is at least 1") }
        for (name, value) in [
            ("connect-timeout", connectTimeout), ("idle-timeout", idleTimeout), ("retry-time", retryTime),
        ] where !(value > 0 && value <= 86_400) {
            throw ValidationError("--\(name) is more than 0 and at most 86400 seconds")
        }
        guard Self.logLevels.contains(logLevel) else {
            throw ValidationError("--log-level is one of \(Self.logLevels.joined(separator: ", "))")
        }
    }

    /// Of a limit that is set twice the last value counts.
    private var limits: [ResourceLimit: UInt64] {
        get throws {
            var limits: [ResourceLimit: UInt64] = [:]
            for setting in limitSettings {
                do throws(ResourceLimit.ParseError) {
                    let (limit, value) = try ResourceLimit.parse(setting)
                    limits[limit] = value
                } catch {
                    throw ValidationError(error.description)
                }
            }
            return limits
        }
    }

    func settings() throws -> DaemonConfiguration {
        let paths = daemon.paths
        var settings = DaemonConfiguration(root: paths.root, socketPath: paths.socket)
        settings.maximumDownloads = maxDownloads
        settings.connectTimeoutSeconds = connectTimeout
        settings.idleTimeoutSeconds = idleTimeout
        settings.attempts = attempts
        settings.retryTimeSeconds = retryTime
        settings.logLevel = logLevel
        settings.limits = try limits
        return settings
    }

    /// Starts the daemon in the background.
    func run() throws {
        var start = DaemonStart(paths: daemon.paths, environment: currentEnvironment())
        if let client = try start.connectIfRunning() {
            _ = client
            throw CommandFailure(ControlError.socketInUse(socket: start.paths.socket))
        }
        start.logFile = logFile.map { SourceText.absolutePath($0, workingDirectory: SourceText.workingDirectory()) }
        start.daemonOptions = [
            "--max-downloads", "\(maxDownloads)", "--connect-timeout", "\(connectTimeout)",
            "--idle-timeout", "\(idleTimeout)", "--attempts", "\(attempts)", "--retry-time", "\(retryTime)",
            "--log-level", logLevel,
        ]
        for setting in limitSettings { start.daemonOptions += ["--limit", setting] }
        _ = try start.connect()
    }

    /// Becomes the daemon. Returns the exit code.
    func serve(_ daemon: (DaemonConfiguration) async throws -> Void) async -> Int32 {
        if launched { LaunchedDaemon.adopt() }
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        DescriptorLimit.raise()
        do {
            try redirectLog()
            try await daemon(settings())
            return ExitStatus.success
        } catch {
            let failure = CommandFailure(error)
            Terminal.complain("imgfs: \(failure.description)")
            if launched { LaunchedDaemon.report(failure.description) }
            return failure.status
        }
    }

    private func redirectLog() throws(CommandFailure) {
        guard let logFile, !launched else { return }
        let descriptor = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(ExitStatus.system, "cannot open the log \(logFile): \(Errno(rawValue: errno))")
        }
        dup2(descriptor, STDERR_FILENO)
        close(descriptor)
    }
}

struct DaemonStopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop the daemon.",
        discussion: "Refused while images are mounted, unless --force: their mounts then no longer answer.")

    @Flag(help: "Stop it even though images are mounted.")
    var force = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let start = DaemonStart(paths: daemon.paths, environment: currentEnvironment())
        guard let client = try start.connectIfRunning() else { return }
        try client.stop(StopRequest(force: force))
    }
}
