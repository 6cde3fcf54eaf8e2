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

    @OptionGroup var settings: DaemonSettings

    @Flag(help: "Return when the daemon serves; it goes on in the background.")
    var detach = false

    @Flag(help: "Run under a keeper, which starts the daemon again when it dies and holds its mounts meanwhile.")
    var keeper = false

    @Flag(help: "Go on in the place of the daemon that runs now, with its mounts; start one when none runs.")
    var replace = false

    @Flag(help: "Only say whether this program can use the store.")
    var check = false

    @Flag(help: .hidden)
    var launched = false

    /// It does its work and returns, instead of becoming the daemon.
    var isBrief: Bool { detach || replace || keeper || check }

    func validate() throws {
        guard [detach, replace, keeper, check].count(where: { $0 }) <= 1 else {
            throw ValidationError("--detach, --replace, --keeper and --check exclude each other")
        }
    }

    private func configuration() throws -> DaemonConfiguration {
        let paths = daemon.paths
        var configuration = DaemonConfiguration(root: paths.root, socketPath: paths.socket)
        try settings.apply(to: &configuration)
        return configuration
    }

    /// Does what it is to do instead of becoming the daemon. `check` throws when this program cannot use the store.
    func run(check checkStore: (DaemonConfiguration) throws -> Void) throws {
        if check { return try checkStore(configuration()) }
        if keeper { return try becomeKeeper() }
        var start = daemon.start
        if let client = try start.connectIfRunning() {
            guard replace else { throw CommandFailure(ControlError.socketInUse(socket: start.paths.socket)) }
            let status = try client.status()
            let successor = try completed(
                from: status, commandLine: ProcessFiles.text("/proc/\(status.processID)/cmdline"),
                environment: start.environment)
            // Before the old one is gone: it goes on when this one cannot.
            try checkStore(successor.configuration())
            start.paths = successor.daemon.paths
            start.daemonOptions = try successor.settings.arguments
            return try DaemonReplacement(start: start, client: client).run()
        }
        start.logFile = settings.absoluteLogFile
        start.daemonOptions = try settings.arguments
        start.watchdogSeconds = settings.watchdog
        _ = try start.connect()
    }

    /// This command with the options of the daemon that runs now where it has none of its own. Throws when these are not
    /// known: a daemon that goes on without them would surprise whoever gave them.
    ///
    /// - Parameter commandLine: the content of /proc/PID/cmdline; nil when it cannot be read.
    func completed(
        from status: DaemonStatus, commandLine: String?, environment: [String: String]
    ) throws(CommandFailure) -> DaemonRunCommand {
        guard let former = commandLine.flatMap({ Self(commandLine: $0) }) else {
            throw CommandFailure(
                ExitStatus.unsupported,
                "/proc/\(status.processID)/cmdline does not tell this program with which options the daemon runs;"
                    + " nothing was changed. Stop that daemon ('imgfs daemon stop') and start this one")
        }
        var result = self
        // Without a root of its own it would be another one's store, behind this socket.
        result.daemon.socket = ControlPaths(root: daemon.root, socket: daemon.socket, environment: environment).socket
        if environment["IMGFS_ROOT", default: ""].isEmpty { result.daemon.root = daemon.root ?? status.root }
        result.settings = settings.completed(from: former.settings)
        return result
    }

    /// This process goes on as the keeper, in the foreground.
    private func becomeKeeper() throws {
        try redirectLog()
        let program = ProcessFiles.link("/proc/self/exe") ?? "/proc/self/exe"
        let keeper = DaemonProgram.keeper(beside: program)
        let command = KeeperCommand(
            program: program, paths: daemon.paths, options: try settings.arguments,
            watchdogSeconds: settings.watchdog)
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
            switch try await daemon(configuration(), supervision) {
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
        guard let logFile = settings.logFile, !launched else { return }
        let descriptor = open(logFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(ExitStatus.system, "cannot open the log \(logFile): \(Errno(rawValue: errno))")
        }
        dup2(descriptor, STDERR_FILENO)
        close(descriptor)
    }
}

extension DaemonRunCommand {
    /// What a daemon was started with: the content of /proc/PID/cmdline, proc_pid_cmdline(5). nil when it is none that
    /// this program understands.
    init?(commandLine: String) {
        let arguments = commandLine.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        guard arguments.count > 2, let command = try? ImgfsCommand.parseAsRoot(Array(arguments[1...].dropLast())),
            let former = command as? DaemonRunCommand
        else { return nil }
        self = former
    }
}
