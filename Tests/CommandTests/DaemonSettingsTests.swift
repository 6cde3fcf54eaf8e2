import ArgumentParser
import Control
import Testing

@testable import Command

struct DaemonSettingsTests {
    private static func command(_ words: String) throws -> DaemonRunCommand {
        try #require(try ImgfsCommand.parseAsRoot(words.split(separator: " ").map(String.init)) as? DaemonRunCommand)
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
        let completed = try Self.command("daemon --replace " + given).completed(
            from: Self.command("daemon " + former), environment: [:])
        #expect(try completed.settings.arguments.joined(separator: " ") == expected)
    }

    /// root given, in the environment, of the former daemon; the successor's root and socket.
    @Test(arguments: [
        ("", "", "--root /a --socket /s", "/a", "/run/imgfs/control.sock"),
        ("--socket /s", "", "--root /a --socket /s", "/a", "/s"),
        ("--root /b", "", "--root /a", "/b", "/b/control.sock"),
        ("", "/c", "--root /a", "/c", "/c/control.sock"),
        ("", "", "", "/var/lib/imgfs", "/run/imgfs/control.sock"),
    ])
    func `the store is the former daemon's, behind the socket that was asked for`(
        given: String, variable: String, former: String, root: String, socket: String
    ) throws {
        let environment = ["IMGFS_ROOT": variable]
        let completed = try Self.command("daemon --replace " + given).completed(
            from: Self.command("daemon " + former), environment: environment)
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
}
