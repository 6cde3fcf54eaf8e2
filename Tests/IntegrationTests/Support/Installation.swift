import Glibc
import OCI

/// imgfs as somebody would run it: the built binary, a store and a socket of its own, mounts through mount(8).
///
/// Everything is taken down at the end. The tests run where mount(8) finds the binary as its helper; see
/// Tests/Tools/with-mount-helper.
final class Installation {
    let directory: TestDirectory
    let root: String
    let socket: String
    var environment: [String: String]
    private(set) var daemon: Child?
    /// `daemon` is a keeper.
    private var isKept = false
    private var targets: [String] = []

    static let binary: String = getenv("IMGFS_BINARY").map { String(cString: $0) } ?? ".build/release/imgfs"

    /// `store`: where the store is; a directory of the test's own when not given.
    init(store: String? = nil, environment: [String: String] = [:]) throws {
        directory = try TestDirectory()
        root = store ?? directory.path("store")
        socket = directory.path("control.sock")
        self.environment = ["IMGFS_ROOT": root, "IMGFS_SOCKET": socket].merging(environment) { $1 }
    }

    deinit {
        for target in targets {
            umount2(target, Int32(MNT_DETACH))
            rmdir(target)
        }
        if let daemon, !isKept {
            daemon.signal(SIGTERM)
            daemon.wait(seconds: 5)
        } else if access(socket, F_OK) == 0 {
            _ = try? imgfs("daemon", "stop", "--force", seconds: 10)
        }
    }

    /// Runs the daemon as a child of the test, so that the test can kill it. Returns when it answers.
    func startDaemon(_ options: String..., environment more: [String: String] = [:]) throws {
        try startDaemon(options, environment: more)
    }

    func startDaemon(_ options: [String], environment more: [String: String] = [:]) throws {
        let child = try Child(
            [Self.binary, "daemon", "--root", root, "--socket", socket] + options,
            environment: environment.merging(more) { $1 })
        daemon = child
        isKept = options.contains("--keeper")
        // Not by a command, which would start a daemon of its own while there is none.
        let answers = eventually(seconds: 20) { !child.isRunning || child.errorsSoFar.contains("daemon started") }
        guard answers, child.isRunning else {
            throw TestFailure("the daemon does not answer: \(child.errorsSoFar)")
        }
    }

    func killDaemon() {
        daemon?.signal(SIGKILL)
        daemon?.wait()
        daemon = nil
    }

    func stopDaemon() {
        daemon?.signal(SIGTERM)
        daemon?.wait(seconds: 10)
        daemon = nil
    }

    var daemonLog: String { daemon?.errorsSoFar ?? "" }

    @discardableResult
    func imgfs(_ arguments: String..., seconds: Double = 120) throws -> Child.Outcome {
        try Child([Self.binary] + arguments, environment: environment).wait(seconds: seconds)
    }

    /// A new, empty directory to mount on.
    func makeTarget() throws -> String {
        let target = TestDirectory.uniquePath("mnt")
        guard mkdir(target, 0o755) == 0 else { throw TestFailure("mkdir \(target)") }
        targets.append(target)
        return target
    }

    /// Starts `mount -t fuse.imgfs`.
    func startMount(_ source: String, on target: String, options: String = "") throws -> Child {
        let words = options.isEmpty ? [] : ["-o", options]
        return try Child(["mount", "-t", "fuse.imgfs", source, target] + words, environment: environment)
    }

    /// `mount -t fuse.imgfs`; the outcome may be a failure.
    func tryMount(_ source: String, on target: String, options: String = "") throws -> Child.Outcome {
        try startMount(source, on: target, options: options).wait()
    }

    /// Mounts `source` on a new directory.
    func mount(_ source: String, options: String = "") throws -> String {
        let target = try makeTarget()
        let outcome = try tryMount(source, on: target, options: options)
        guard outcome.succeeded else { throw TestFailure("mount \(source): \(outcome.text)\n\(daemonLog)") }
        return target
    }

    func unmountEverything() {
        for target in targets { umount2(target, Int32(MNT_DETACH)) }
    }

    func unmount(_ target: String) throws { try output("umount", target) }

    /// Names in a directory of the store, for looking whether anything was left behind.
    func stored(_ part: String) throws -> [String] {
        guard access(root + "/" + part, F_OK) == 0 else { return [] }
        return try output("ls", "-A", root + "/" + part).split(separator: "\n").map(String.init)
    }

    /// diffIDs of the layers that are in the store.
    var storedLayers: Set<String> {
        get throws { Set(try stored("layers/sha256")) }
    }
}
