import Testing

/// A mount as the root file system of programs.
@Suite(.serialized)
struct RuntimeTests {
    /// An image with a static program in it.
    private static func image() throws -> TestImage {
        let directory = try TestDirectory()
        let source = directory.path("hello.c")
        try write(
            """
            #include <stdio.h>
            #include <unistd.h>
            int main(void) { printf("hello from uid %d\\n", geteuid()); return 7; }
            """, to: source)
        let program = directory.path("hello")
        try output("gcc", "-O1", "-static", "-o", program, source)
        return try TestImage(scripts: [
            "mkdir -p bin dev proc sys etc; install -o 1234 -m 4755 '\(program)' bin/hello"
        ])
    }

    @Test func `chroot runs a program of the image, set-user-id only with suid`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let plain = try run("chroot", installation.mount(image.source), "/bin/hello")
        #expect(plain.status == 7)
        #expect(plain.output == "hello from uid 0\n")
        let withSuid = try run("chroot", installation.mount(image.source, options: "suid"), "/bin/hello")
        #expect(withSuid.output == "hello from uid 1234\n")
    }

    @Test func `runc runs a container on a mount as read-only root`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let target = try installation.mount(image.source, options: "suid,dev")
        let bundle = try installation.directory.makeDirectory("bundle")
        try write(
            """
            {"ociVersion":"1.0.2","root":{"path":"\(target)","readonly":true},
            "process":{"user":{"uid":0,"gid":0},"args":["/bin/hello"],"cwd":"/","noNewPrivileges":false},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
            {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["mode=755"]}],
            "linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
            """, to: bundle + "/config.json")
        let outcome = try run(
            "runc", "--root", installation.directory.path("runc"), "run", "--bundle", bundle,
            "imgfs-test")
        #expect(outcome.status == 7, "\(outcome.text)")
        #expect(outcome.output == "hello from uid 1234\n")
    }

    @Test func `an overlayfs on top of a mount is writable`() throws {
        let image = try TestImage(scripts: ["mkdir -p a/b; echo 1 >a/b/c; echo 2 >d; ln d e"])
        let installation = try Installation()
        let lower = try installation.mount(image.source)
        let scratch = try installation.directory.makeDirectory("overlay")
        try shell(
            """
            mount -t tmpfs t '\(scratch)'; mkdir '\(scratch)'/u '\(scratch)'/w '\(scratch)'/m
            mount -t overlay o -o lowerdir='\(lower)',upperdir='\(scratch)'/u,workdir='\(scratch)'/w '\(scratch)'/m
            cd '\(scratch)'/m
            echo more >>a/b/c; mv d f; rm e; mkdir a/new
            """)
        #expect(try output("cat", scratch + "/m/a/b/c") == "1\nmore\n")
        #expect(try output("ls", scratch + "/m", scratch + "/m/a").contains("f"))
        #expect(try output("cat", lower + "/a/b/c", lower + "/e") == "1\n2\n")
        try shell("umount '\(scratch)'/m '\(scratch)'")
    }
}
