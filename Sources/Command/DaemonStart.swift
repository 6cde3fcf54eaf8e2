import Control
import DescriptorStore
import Glibc
import SystemPackage

/// Why no daemon can be reached.
enum DaemonStartError: Error, Equatable, CustomStringConvertible {
    case connection(ControlError)
    /// The daemon ended while it started; what it said last.
    case ended(String, log: String)
    case system(call: String, path: String, Errno)

    /// Somebody else than root asks.
    var isPermission: Bool {
        switch self {
        case .connection(.system(_, _, let error)), .system(_, _, let error):
            error == .permissionDenied || error == .notPermitted
        default: false
        }
    }

    var description: String {
        switch self {
        case .connection(let error): error.description
        case .ended(let reason, let log):
            reason.isEmpty ? "the imgfs daemon ended while it started; its log is \(log)" : reason
        case .system(let call, let path, let error): "cannot start the imgfs daemon: \(call) \(path): \(error)"
        }
    }
}

/// Connects to the daemon, and starts one where none runs.
///
/// The one who starts it makes the socket, lets the keeper inherit it as systemd would, and is the first client. The keeper
/// starts the daemon, and again when it dies. Who comes meanwhile is a client of the same socket, so nobody has to look
/// again and again whether the daemon is up.
struct DaemonStart {
    /// Bound for a daemon to begin to serve, its store's recovery included.
    static let startSeconds = 10

    var paths: ControlPaths
    var environment: [String: String]
    /// More options of `imgfs daemon`.
    var daemonOptions: [String] = []
    var logFile: String?
    var watchdogSeconds: Double?

    init(paths: ControlPaths? = nil, environment: [String: String]) {
        self.paths = paths ?? ControlPaths(environment: environment)
        self.environment = environment
    }

    /// A connection to the daemon that runs; nil when none does.
    func connectIfRunning() throws(DaemonStartError) -> ControlClient? {
        do throws(ControlError) {
            return try ControlClient(connectingTo: paths.socket)
        } catch .notRunning {
            return nil
        } catch {
            throw .connection(error)
        }
    }

    /// How long a daemon may be away while its keeper holds the socket.
    static let awaySeconds = 30

    /// Like `connect`, and waits until somebody serves: with a keeper the socket is there while the daemon is away.
    func connectAndWait() throws(DaemonStartError) -> ControlClient {
        // One more time when the daemon goes away while it is waited for.
        for _ in 0..<2 {
            let client = try connect()
            do throws(ControlError) {
                try client.waitUntilServed(seconds: Self.awaySeconds)
                return client
            } catch .disconnected {
                continue
            } catch {
                throw .connection(error)
            }
        }
        return try connect()
    }

    /// A connection to the daemon, which is started when it does not run. One of several that race starts it.
    func connect() throws(DaemonStartError) -> ControlClient {
        if let client = try connectIfRunning() { return client }
        try makeDirectory()
        let lock = try lock()
        defer { close(lock) }
        if let client = try connectIfRunning() { return client }
        if startedBySystemd(), let client = try connectIfRunning() { return client }
        return try launch()
    }

    private func makeDirectory() throws(DaemonStartError) {
        guard let slash = paths.socket.lastIndex(of: "/") else { return }
        var directory = ""
        for component in paths.socket[..<slash].split(separator: "/") {
            directory += (directory.isEmpty && !paths.socket.hasPrefix("/") ? "" : "/") + component
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST || errno == EROFS else {
                throw .system(call: "mkdir", path: directory, Errno(rawValue: errno))
            }
        }
    }

    /// Held while a daemon is being started.
    private func lock() throws(DaemonStartError) -> Int32 {
        let path = paths.socket + ".start"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, Errno(rawValue: errno)) }
        while flock(descriptor, LOCK_EX) != 0 {
            let error = Errno(rawValue: errno)
            if error == .interrupted { continue }
            close(descriptor)
            throw .system(call: "flock", path: path, error)
        }
        return descriptor
    }

    /// Where systemd runs the machine, the daemon belongs into a unit: as a child of whoever mounts first it would be
    /// stopped together with that one's unit.
    private func startedBySystemd() -> Bool {
        var status = stat()
        guard paths.socket == ControlPaths.defaultSocket, paths.root == ControlPaths.defaultRoot, geteuid() == 0,
            stat("/run/systemd/system", &status) == 0
        else { return false }
        let systemctl = Spawn(
            program: "systemctl", arguments: ["systemctl", "--quiet", "start", "imgfs.socket"],
            environment: environment)
        do throws(Errno) {
            return Spawn.succeeded(try systemctl.start(), seconds: Self.startSeconds)
        } catch {
            return false
        }
    }

    private func launch() throws(DaemonStartError) -> ControlClient {
        var failures: [Int32] = [-1, -1]
        guard pipe(&failures) == 0 else { throw .system(call: "pipe", path: "", Errno(rawValue: errno)) }
        defer { close(failures[0]) }
        do {
            defer { close(failures[1]) }
            let socket: ListeningSocket
            do throws(ControlError) {
                socket = try ListeningSocket.open(paths.socket, inherited: [])
            } catch {
                throw DaemonStartError.connection(error)
            }
            try spawn(socket, failures: failures[1])
        }
        do throws(ControlError) {
            let client = try ControlClient(connectingTo: paths.socket)
            try client.waitUntilServed(seconds: Self.startSeconds)
            return client
        } catch .disconnected {
            throw .ended(Self.lastWords(failures[0]), log: log)
        } catch .notRunning {
            throw .ended(Self.lastWords(failures[0]), log: log)
        } catch {
            throw .connection(error)
        }
    }

    private func spawn(_ socket: ListeningSocket, failures: Int32) throws(DaemonStartError) {
        let program = DaemonProgram.path(of: ProcessFiles.link("/proc/self/exe") ?? "/proc/self/exe")
        var variables = environment.filter { Self.isForDaemon($0.key) }
        variables["LISTEN_FDS"] = "2"
        variables["LISTEN_FDNAMES"] = "\(ListeningSocket.name):\(Launcher.descriptorName)"
        let keeper = Spawn(
            program: DaemonProgram.keeper(beside: program),
            arguments: KeeperCommand(
                program: program, paths: paths, options: daemonOptions + ["--launched"],
                watchdogSeconds: watchdogSeconds
            ).arguments,
            environment: variables,
            descriptors: [
                (socket.inheritable, InheritedDescriptors.first),
                (FileDescriptor(rawValue: failures), InheritedDescriptors.first + 1),
            ],
            errorLog: log, isDetached: true)
        do throws(Errno) {
            _ = try keeper.start()
        } catch {
            throw .system(call: "run", path: keeper.program, error)
        }
    }

    private var log: String {
        if let logFile { return logFile }
        let directory = paths.socket.lastIndex(of: "/").map { String(paths.socket[..<$0]) } ?? "."
        return directory + "/daemon.log"
    }

    /// What the daemon reported before it ended.
    private static func lastWords(_ descriptor: Int32) -> String {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, 2_000) > 0 else { return "" }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The daemon outlives and serves others than the one who starts it: it gets nothing personal.
    private static func isForDaemon(_ name: String) -> Bool {
        let exact: Set<String> = [
            "PATH", "HOME", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy",
            "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "SWIFT_BACKTRACE", "ASAN_OPTIONS",
            "TSAN_OPTIONS", "UBSAN_OPTIONS",
        ]
        return exact.contains(name) || name.hasPrefix("IMGFS_")
    }
}

/// The other side: a daemon that `DaemonStart` launched tells whoever waits for it why it cannot start.
enum Launcher {
    /// A pipe, among the descriptors that the daemon is started with. The keeper closes it when the daemon serves.
    static let descriptorName = "launcher"

    static func report(_ failure: String, to descriptors: [InheritedDescriptor]) {
        guard let pipe = descriptors.first(where: { $0.name == descriptorName }) else { return }
        let bytes = Array((failure + "\n").utf8)
        // Nobody may listen any more.
        _ = write(pipe.descriptor, bytes, bytes.count)
    }
}
