import Testing

@testable import Control

struct ControlPathsTests {
    @Test(
        arguments: [
            (nil, nil, [:], "/var/lib/imgfs", "/run/imgfs/control.sock"),
            (nil, nil, ["IMGFS_ROOT": "", "IMGFS_SOCKET": ""], "/var/lib/imgfs", "/run/imgfs/control.sock"),
            (nil, nil, ["IMGFS_ROOT": "/a"], "/a", "/a/control.sock"),
            (nil, nil, ["IMGFS_ROOT": "/a", "IMGFS_SOCKET": "/s"], "/a", "/s"),
            ("/b", nil, ["IMGFS_ROOT": "/a"], "/b", "/b/control.sock"),
            ("/b", "/t", ["IMGFS_ROOT": "/a", "IMGFS_SOCKET": "/s"], "/b", "/t"),
            (nil, nil, ["IMGFS_SOCKET": "/s"], "/var/lib/imgfs", "/s"),
            ("/var/lib/imgfs", nil, [:], "/var/lib/imgfs", "/run/imgfs/control.sock"),
        ] as [(String?, String?, [String: String], String, String)])
    func `Options count before the environment`(
        _ row: (root: String?, socket: String?, environment: [String: String], wantRoot: String, wantSocket: String)
    ) {
        let paths = ControlPaths(root: row.root, socket: row.socket, environment: row.environment)
        #expect(paths.root == row.wantRoot)
        #expect(paths.socket == row.wantSocket)
    }
}
