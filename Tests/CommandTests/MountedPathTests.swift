import Testing

@testable import Command

/// Which mounted image a path is in, without asking it.
struct MountedPathTests {
    private static let table = MountTable(
        parsing: """
            21 1 254:0 / / rw - ext4 /dev/vda1 rw
            22 21 0:22 / /proc rw - proc proc rw
            90 21 0:50 / /img ro - fuse.imgfs redis ro
            91 90 0:51 / /img/proc rw - proc proc rw
            92 90 0:52 / /img/inner ro - fuse.imgfs other ro
            93 21 0:50 /usr/lib /bound ro - fuse.imgfs redis ro
            94 21 0:60 / /covered ro - fuse.imgfs under ro
            95 94 0:61 / /covered rw - tmpfs tmpfs rw
            """)

    private static let links = [
        "/link": "img/usr", "/abs": "/bound", "/dir/up": "../img", "/loop": "loop", "/dir/chain": "up/etc",
    ]

    private func find(_ path: String) -> String? {
        MountedPath.find(path, in: Self.table) { Self.links[$0] }.map { "\($0.mount.device) \($0.path)" }
    }

    @Test(arguments: [
        ("/img", "0:50 "), ("/img/", "0:50 "), ("/img/a/./b", "0:50 a/b"), ("/img/a/../b", "0:50 a/../b"),
        ("/bound/x", "0:50 usr/lib/x"), ("/link/x", "0:50 usr/x"), ("/abs/x", "0:50 usr/lib/x"),
        ("/dir/up/a", "0:50 a"), ("/dir/chain", "0:50 etc"), ("/img/inner/x", "0:52 x"),
        ("/img/inner/../a", "0:50 a"), ("/img/proc/../a", "0:50 a"), ("/img/../img/a", "0:50 a"),
        ("/dir/../img/a", "0:50 a"),
    ])
    func `a path in an image`(path: String, place: String) {
        #expect(find(path) == place)
    }

    @Test(arguments: ["/", "/etc/passwd", "/img/proc/self", "/img/..", "/img/../etc", "/covered/x", "/loop", "/imgx"])
    func `a path elsewhere`(path: String) {
        #expect(find(path) == nil)
    }
}
