/// Which program is the daemon.
enum DaemonProgram {
    /// The mount helper has the daemon's program beside it; any other program of the package is it.
    static func path(of executable: String) -> String {
        guard let slash = executable.lastIndex(of: "/"), executable[slash...] == "/imgfs-mount" else {
            return executable
        }
        return executable[...slash] + "imgfs"
    }
}
