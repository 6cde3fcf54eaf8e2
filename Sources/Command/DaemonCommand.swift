import ArgumentParser
import Control
import DescriptorStore
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
        discussion: """
            It is started by the first mount or command, or by systemd; then its mounts outlive it. One that is run by \
            hand keeps them only with --keeper. The log goes to standard error.
            """)

    @OptionGroup var daemon: DaemonOptions

    @Option(help: ArgumentHelp("Layers that are fetched at the same time.", valueName: "n"))
    var maxDownloads = DaemonConfiguration().maximumDownloads

    @Option(
        help: ArgumentHelp(
            "Ranged requests at once for one big layer, where the registry is far away; 1 for none.", valueName: "n"))
    var maxParts = DaemonConfiguration().maximumParts

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

    @Option(
        help: ArgumentHelp(
            "Serve metrics for Prometheus at unix:PATH, 127.0.0.1:PORT or [::1]:PORT.", valueName: "address"))
    var metrics: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel = DaemonConfiguration().logLevel

    @Option(help: ArgumentHelp("Append the log to this file.", valueName: "file"))
    var logFile: String?

    @Flag(help: "Return when the daemon serves; it goes on in the background.")
    var detach = false

    @Flag(help: "Run under a keeper, which starts the daemon again when it dies and holds its mounts meanwhile.")
    var keeper = false

    @Flag(help: "Go on in the place of the daemon that runs now, with its mounts; start one when none runs.")
    var replace = false

    @Flag(help: "Only say whether this program can use the store.")
    var check = false

    @Option(
        help: ArgumentHelp(
            "The keeper ends a daemon that gives no sign of life for so long; 0 for never.", valueName: "seconds"))
    var watchdog = 30.0

    @Flag(help: .hidden)
    var launched = false

    /// It does its work and returns, instead of becoming the daemon.
    var isBrief: Bool { detach || replace || keeper || check }

    private static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    func validate() throws {
        _ = try limits
        _ = try metricsAddress
        guard maxDownloads >= 1 else { throw ValidationError("--max-downloads is at least 1") }
        let partCounts = DaemonConfiguration.partCounts
        guard partCounts.contains(maxParts) else {
            throw ValidationError("--max-parts is at least \(partCounts.lowerBound), at most \(partCounts.upperBound)")
        }
        guard attempts >= 1 else { throw ValidationError("--attempts is at least 1") }
        for (name, value) in [
            ("connect-timeout", connectTimeout), ("idle-timeout", idleTimeout), ("retry-time", retryTime),
        ] where !(value > 0 && value <= 86_400) {
            throw ValidationError("--\(name) is more than 0 and at most 86400 seconds")
        }
        guard watchdog >= 0, watchdog <= 86_400 else {
            throw ValidationError("--watchdog is at least 0 and at most 86400 seconds")
        }
        guard [detach, replace, keeper, check].count(where: { $0 }) <= 1 else {
            throw ValidationError("--detach, --replace, --keeper and --check exclude each other")
        }
        guard Self.logLevels.contains(logLevel) else {
            throw ValidationError("--log-level is one of \(Self.logLevels.joined(separator: ", "))")
        }
    }

    /// With the path made absolute, since a daemon works in `/`.
    private var metricsAddress: MetricsAddress? {
        get throws {
            guard var text = metrics else { return nil }
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst("unix:".count))
                text = "unix:" + SourceText.absolutePath(path, workingDirectory: SourceText.workingDirectory())
            }
            do throws(MetricsAddress.ParseError) {
                return try MetricsAddress(parsing: text)
            } catch {
                throw ValidationError("--metrics: " + error.description)
            }
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
        settings.maximumParts = maxParts
        settings.connectTimeoutSeconds = connectTimeout
        settings.idleTimeoutSeconds = idleTimeout
        settings.attempts = attempts
        settings.retryTimeSeconds = retryTime
        settings.logLevel = logLevel
        settings.limits = try limits
        settings.metricsAddress = try metricsAddress
        return settings
    }

    /// Does what it is to do instead of becoming the daemon. `check` throws when this program cannot use the store.
    func run(check checkStore: (DaemonConfiguration) throws -> Void) throws {
        if check { return try checkStore(settings()) }
        if keeper { return try becomeKeeper() }
        var start = daemon.start
        start.logFile = absoluteLogFile
        start.daemonOptions = try options
        start.watchdogSeconds = watchdog
        if let client = try start.connectIfRunning() {
            guard replace else { throw CommandFailure(ControlError.socketInUse(socket: start.paths.socket)) }
            // Before the old one is gone: it goes on when this one cannot.
            try checkStore(settings())
            return try DaemonReplacement(start: start, client: client).run()
        }
        _ = try start.connect()
    }

    /// What of this command line another daemon gets.
    private var options: [String] {
        get throws {
            var options = [
                "--max-downloads", "\(maxDownloads)", "--max-parts", "\(maxParts)",
                "--connect-timeout", "\(connectTimeout)", "--idle-timeout", "\(idleTimeout)", "--attempts",
                "\(attempts)", "--retry-time", "\(retryTime)",
                "--log-level", logLevel,
            ]
            for setting in limitSettings { options += ["--limit", setting] }
            if let address = try metricsAddress { options += ["--metrics", address.description] }
            return options
        }
    }

    private var absoluteLogFile: String? {
        logFile.map { SourceText.absolutePath($0, workingDirectory: SourceText.workingDirectory()) }
    }

    /// This process goes on as the keeper, in the foreground.
    private func becomeKeeper() throws {
        try redirectLog()
        let program = ProcessFiles.link("/proc/self/exe") ?? "/proc/self/exe"
        let keeper = DaemonProgram.keeper(beside: program)
        let command = KeeperCommand(
            program: program, paths: daemon.paths, options: try options, watchdogSeconds: watchdog)
        var arguments = command.arguments.map { strdup($0) } + [nil]
        execv(keeper, &arguments)
        throw CommandFailure(ExitStatus.system, "cannot run \(keeper): \(Errno(rawValue: errno))")
    }

    /// Becomes the daemon. Returns the exit code.
    func serve(_ daemon: (DaemonConfiguration, Supervision) async throws -> DaemonEnd) async -> Int32 {
        let supervision = Supervision.take(currentEnvironment())
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        DescriptorLimit.raise()
        do {
            try redirectLog()
            switch try await daemon(settings(), supervision) {
            case .finished: return ExitStatus.success
            case .leftMounts: return DaemonEnd.leftMountsStatus
            }
        } catch {
            let failure = CommandFailure(error)
            Terminal.complain("imgfs: \(failure.description)")
            Launcher.report(failure.description, to: supervision.descriptors)
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
