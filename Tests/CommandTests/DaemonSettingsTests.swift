import ArgumentParser
import Control
import Testing

@testable import Command

struct DaemonSettingsTests {
    private static func command(_ words: String) throws -> DaemonRunCommand {
        try #require(try ImgfsCommand.parseAsRoot(words.split(separator: " ").map(String.init)) as? DaemonRunCommand)
    }

    private static func completed(
        _ given: String, from former: String, root: String = "/a", environment: [String: String] = [:]
    ) throws -> DaemonRunCommand {
        let commandLine = "imgfs " + former
        return try command(given).completed(
            from: status(root: root),
            commandLine: commandLine.split(separator: " ").map { $0 + "\0" }.joined(), environment: environment)
    }

    private static func status(root: String) -> DaemonStatus {
        DaemonStatus(
            version: "1", processID: 77, root: root, socketPath: "/s", startedAtSeconds: 0,
            keeper: KeeperStatus(kind: .keeper),
            store: StoreSummary(
                imageCount: 0, layerCount: 0, treeCount: 0, layerByteCount: 0, treeByteCount: 0, partialByteCount: 0,
                freeByteCount: 0), mountCount: 0, waitingReaderCount: 0, downloads: [])
    }

    @Test(arguments: [
        ("", "", ""),
        ("--watchdog 5 --metrics 127.0.0.1:9", "", "--watchdog 5.0 --metrics 127.0.0.1:9"),
        ("--watchdog 5 --metrics 127.0.0.1:9", "--watchdog 0", "--watchdog 0.0 --metrics 127.0.0.1:9"),
        ("--watchdog 5", "--metrics unix:/m", "--watchdog 5.0 --metrics unix:/m"),
        ("--attempts 2 --log-level debug", "--attempts 3", "--attempts 3 --log-level debug"),
        ("--limit layers=5 --limit xattrs=1", "--limit layers=7", "--limit layers=7 --limit xattrs=1"),
        ("--log-file /l --idle-timeout 1", "--log-file /m", "--idle-timeout 1.0 --log-file /m"),
    ])
    func `options that are given count, the others stay`(former: String, given: String, expected: String) throws {
        let completed = try Self.completed("daemon --replace " + given, from: "daemon " + former)
        #expect(try completed.settings.arguments.joined(separator: " ") == expected)
    }

    /// root given, in the environment, of the former daemon as it says; the successor's root and socket.
    @Test(arguments: [
        ("", "", "/a", "/a", "/run/imgfs/control.sock"),
        ("--socket /s", "", "/a", "/a", "/s"),
        ("--root /b", "", "/a", "/b", "/b/control.sock"),
        ("", "/c", "/a", "/c", "/c/control.sock"),
        ("", "", "/var/lib/imgfs", "/var/lib/imgfs", "/run/imgfs/control.sock"),
    ])
    func `the store is the former daemon's, behind the socket that was asked for`(
        given: String, variable: String, former: String, root: String, socket: String
    ) throws {
        let environment = ["IMGFS_ROOT": variable]
        let completed = try Self.completed(
            "daemon --replace " + given, from: "daemon --root /other --socket /other", root: former,
            environment: environment)
        let paths = ControlPaths(
            root: completed.daemon.root, socket: completed.daemon.socket, environment: environment)
        #expect(paths.root == root && paths.socket == socket)
    }

    @Test func `a running daemon's command line is understood`() throws {
        let former = DaemonRunCommand(
            commandLine: "imgfs\0daemon\0--root\0/a\0--socket\0/s\0--watchdog\05.0\0--launched\0")
        #expect(former?.settings.watchdog == 5 && former?.daemon.root == "/a")
        for other in ["", "\0", "imgfs\0", "imgfs\0images\0", "imgfs\0daemon\0--unheard-of\0"] {
            #expect(DaemonRunCommand(commandLine: other) == nil, "\(other)")
        }
    }

    @Test(arguments: [nil, "", "imgfs\0daemon\0--root\0/a\0--unheard-of\0", "sh\0-c\0true\0"])
    func `a daemon whose options are not known is not replaced`(commandLine: String?) throws {
        let command = try Self.command("daemon --replace --root /a")
        let failure = #expect(throws: CommandFailure.self) {
            try command.completed(from: Self.status(root: "/a"), commandLine: commandLine, environment: [:])
        }
        #expect(failure?.description.contains("/proc/77/cmdline") == true)
    }

    @Test(arguments: [
        ("0", true), ("1", true), ("1.5", true), ("86400", true), ("0.0005", false), ("0.999", false), ("-1", false),
        ("86401", false), ("nan", false),
    ])
    func `a watchdog waits a second at least, or for ever`(seconds: String, isAccepted: Bool) {
        let command = try? Self.command("daemon --watchdog=\(seconds)")
        #expect((command != nil) == isAccepted)
    }
}
