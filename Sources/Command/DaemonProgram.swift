import Control

/// Which program is the daemon.
enum DaemonProgram {
    /// The mount helper has the daemon's program beside it; any other program of the package is it.
    static func path(of executable: String) -> String {
        guard let slash = executable.lastIndex(of: "/"), executable[slash...] == "/imgfs-mount" else {
            return executable
        }
        return executable[...slash] + "imgfs"
    }

    /// The keeper is beside the daemon's program.
    static func keeper(beside program: String) -> String {
        guard let slash = program.lastIndex(of: "/") else { return "imgfs-keeper" }
        return program[...slash] + "imgfs-keeper"
    }
}

/// The keeper's command line, which contains the daemon's.
struct KeeperCommand {
    /// The daemon's.
    var program: String
    var paths: ControlPaths
    /// More options of `imgfs daemon`.
    var options: [String] = []
    var watchdogSeconds: Double?

    /// With the program's name first.
    var arguments: [String] {
        ["imgfs-keeper", "--notify", paths.socket + ".keeper"]
            + (watchdogSeconds.map { ["--watchdog", "\($0)"] } ?? []) + [program] + daemonArguments
    }

    /// Of the daemon, with its name first.
    var daemonArguments: [String] {
        ["imgfs", "daemon", "--root", paths.root, "--socket", paths.socket] + options
    }
}
