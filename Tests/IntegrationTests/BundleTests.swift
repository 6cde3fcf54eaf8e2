import Glibc
import Testing

/// Bundles as people make them, started by real runtimes.
@Suite(.serialized)
struct BundleTests {
    /// An image with a static program that shows who it is, writes, and says what it found.
    private static func image(config: String, directories: String = "dev proc sys") throws -> TestImage {
        let directory = try TestDirectory()
        let source = directory.path("probe.c")
        try write(
            """
            #include <fcntl.h>
            #include <stdio.h>
            #include <unistd.h>
            int main(int argc, char **argv) {
                char cwd[256];
                printf("uid %d gid %d groups %d cwd %s args %d", geteuid(), getegid(), getgroups(0, NULL),
                       getcwd(cwd, sizeof cwd), argc - 1);
                printf(" root %s", open("/written", O_CREAT | O_RDWR, 0644) < 0 ? "closed" : "open");
                printf(" volume %s\\n", open("/vol/seed", O_RDWR) < 0 ? "closed" : "open");
                return 7;
            }
            """, to: source)
        let program = directory.path("probe")
        try output("gcc", "-O1", "-static", "-o", program, source)
        return try TestImage(
            scripts: [
                """
                mkdir -p bin etc \(directories); install '\(program)' bin/probe
                echo 'app:x:0:8::/srv:/bin/sh' >etc/passwd; printf 'app:x:8:\\nextra:x:9:app\\n' >etc/group
                """
            ], config: config)
    }

    private static let config = #"{"User":"app","Entrypoint":["/bin/probe"],"Cmd":["a","b"],"WorkingDir":"/work"}"#

    private static func run(_ runtime: String, _ bundle: String, state: String) throws -> Child.Outcome {
        let words = [runtime, "--root", state, "run", "--bundle", bundle, "imgfs-test-\(getpid())"]
        if runtime == "runc" { return try Child(words).wait() }
        // crun refuses machines that have both versions of cgroups: here it sees one.
        let script = """
            if [ -d /sys/fs/cgroup/unified ]; then umount /sys/fs/cgroup/unified; fi; exec "$@"
            """
        return try Child(["unshare", "--mount", "sh", "-euc", script, "sh"] + words).wait()
    }

    @Test(arguments: ["runc", "crun"])
    func `a runtime starts a bundle, its changes stay, and nothing stays of a removed one`(_ runtime: String) throws {
        let image = try Self.image(config: Self.config)
        let installation = try Installation()
        let bundle = installation.directory.path("bundle")
        #expect(try installation.imgfs("bundle", image.source, bundle).succeeded)
        let outcome = try Self.run(runtime, bundle, state: installation.directory.path("state"))
        #expect(outcome.status == 7, "\(outcome.text)")
        #expect(outcome.output == "uid 0 gid 8 groups 1 cwd /work args 2 root open volume closed\n")
        #expect(access(bundle + "/changes/upper/written", F_OK) == 0)
        var status = stat()
        #expect(stat(bundle, &status) == 0 && status.st_mode & 0o7777 == 0o700)

        // After a reboot the mounts are gone.
        try output("umount", bundle + "/rootfs", bundle + "/image")
        try write("{}", to: bundle + "/config.json")
        #expect(try installation.imgfs("bundle", image.source, bundle).succeeded)
        #expect(access(bundle + "/rootfs/written", F_OK) == 0)
        #expect(try output("cat", bundle + "/config.json") == "{}")
        #expect(try installation.imgfs("bundle", image.source, bundle).succeeded)

        // Deeper than any path can be.
        let deep = (0..<350).map { _ in "directory" }.joined(separator: "/")
        try shell("cd '\(bundle)/rootfs'; mkdir -p '\(deep)' 'other/\(deep)'; ln -s / other/link; mv other '\(deep)'")
        #expect(try installation.imgfs("bundle", "--remove", bundle).succeeded)
        #expect(access(bundle, F_OK) != 0)
        #expect(try output("cat", "/proc/mounts").contains(bundle) == false)
    }

    @Test(arguments: ["dev proc sys work vol", "dev"], ["runc", "crun"])
    func `a read-only bundle has what runtimes mount on, even when the image has not`(
        _ directories: String, _ runtime: String
    ) throws {
        let image = try Self.image(
            config: #"{"Cmd":["/bin/probe"],"WorkingDir":"/work","Volumes":{"/vol":{}}}"#,
            directories: directories + "; [ ! -d vol ] || echo seed >vol/seed")
        let installation = try Installation()
        let bundle = installation.directory.path("bundle")
        #expect(try installation.imgfs("bundle", "--read-only", image.source, bundle).succeeded)
        let outcome = try Self.run(runtime, bundle, state: installation.directory.path("state"))
        #expect(outcome.status == 7, "\(outcome.text)")
        let volume = directories.contains("vol") ? "open" : "closed"
        #expect(outcome.output == "uid 0 gid 8 groups 1 cwd /work args 0 root closed volume \(volume)\n")
        #expect(try installation.imgfs("bundle", "--remove", bundle).succeeded)
        #expect(access(bundle, F_OK) != 0)
    }

    @Test func `arguments replace the command, and changes in memory go with the mounts`() throws {
        let image = try Self.image(config: Self.config)
        let installation = try Installation()
        let bundle = installation.directory.path("bundle")
        #expect(try installation.imgfs("bundle", "--tmpfs", image.source, bundle, "--", "-x").succeeded)
        let outcome = try Self.run("runc", bundle, state: installation.directory.path("state"))
        #expect(outcome.output == "uid 0 gid 8 groups 1 cwd /work args 1 root open volume closed\n")
        try output("umount", bundle + "/rootfs", bundle + "/image", bundle + "/changes")
        #expect(try output("ls", bundle + "/changes") == "")
        #expect(try installation.imgfs("bundle", "--remove", bundle).succeeded)
        #expect(access(bundle, F_OK) != 0)
    }

    @Test func `a bundle that cannot be made leaves nothing behind`() throws {
        let image = try Self.image(config: #"{"User":"nobody"}"#)
        let installation = try Installation()
        let bundle = installation.directory.path("bundle")
        let unknown = try installation.imgfs("bundle", image.source, bundle)
        #expect(unknown.status == 3)
        #expect(unknown.errors == "imgfs: the image runs as 'nobody', which its /etc/passwd does not have\n")
        #expect(try installation.imgfs("bundle", image.source + "x", bundle).status == 3)
        #expect(access(bundle, F_OK) != 0)
        #expect(try output("cat", "/proc/mounts").contains(bundle) == false)

        let full = try installation.directory.makeDirectory("full")
        try write("mine", to: full + "/file")
        #expect(try installation.imgfs("bundle", image.source, full).status == 1)
        #expect(try installation.imgfs("bundle", "--remove", full).status == 3)
        #expect(try output("ls", full) == "file\n")
    }

    @Test func `no path of an image leads out of it`() throws {
        let image = try TestImage(
            scripts: [
                """
                mkdir -p etc; ln -s /../../../../../etc/passwd etc/passwd; mkfifo etc/group
                """
            ], config: #"{"User":"daemon"}"#)
        let installation = try Installation()
        let outcome = try installation.imgfs("bundle", image.source, installation.directory.path("bundle"))
        // The link leads to itself: there is no other /etc/passwd for it.
        #expect(outcome.status == 2, "\(outcome.text)")
        let pipe = try TestImage(scripts: ["mkdir -p etc; mkfifo etc/passwd"], config: #"{"User":"daemon"}"#)
        let second = try installation.imgfs("bundle", pipe.source, installation.directory.path("bundle"))
        #expect(second.status == 6)
        #expect(second.errors == "imgfs: /etc/passwd of the image is no regular file\n")
    }
}
