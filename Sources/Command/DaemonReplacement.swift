import Control
import Glibc

/// Has this program go on in the place of the daemon that runs now, with its mounts.
struct DaemonReplacement {
    var start: DaemonStart
    /// To the daemon that runs now.
    var client: ControlClient

    func run() throws {
        let former = try client.status().processID
        let program = DaemonProgram.path(of: ProcessFiles.link("/proc/self/exe") ?? "/proc/self/exe")
        let command = KeeperCommand(program: program, paths: start.paths, options: start.daemonOptions)
        try client.replace(ReplaceRequest(program: program, arguments: command.daemonArguments))
        // The keeper has the socket: whoever connects is answered by the successor.
        let successor = try ControlClient(connectingTo: start.paths.socket)
        try successor.waitUntilServed(seconds: DaemonStart.startSeconds)
        let status = try successor.status()
        print("imgfs \(status.version), process \(status.processID), goes on for process \(former)")
    }
}
