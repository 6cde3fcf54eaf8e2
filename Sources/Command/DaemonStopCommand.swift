import ArgumentParser
import Control

struct DaemonStopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop the daemon, and its keeper.",
        discussion: """
            Refused while images are mounted, unless --unmount or --force. To start it again with its mounts, use \
            'imgfs daemon --replace', or 'systemctl restart imgfs' where systemd runs it.
            """)

    @Flag(help: "Unmount all images first, in every mount namespace.")
    var unmount = false

    @Flag(
        help: """
            Stop it even though images are mounted: their mounts then no longer answer. With --unmount: also those that \
            are in use, which are detached.
            """)
    var force = false

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        guard let client = try daemon.start.connectIfRunning() else { return }
        if unmount {
            try MountRemoval(devices: Set(client.mounts().compactMap(\.device)), isForced: force).run()
        }
        try client.stop(StopRequest(force: force, hasUnmounted: unmount))
    }
}
