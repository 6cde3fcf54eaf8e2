import Glibc
import OCI
import Testing

/// The commands, as scripts use them.
@Suite(.serialized)
struct CommandTests {
    @Test func `pull, images, inspect, rm and prune`() throws {
        let image = try TestImage(scripts: ["seq 1000 >one", "seq 2000 >two"])
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "commands:v1")
        let installation = try Installation()
        let pull = try installation.imgfs("pull", reference)
        #expect(pull.succeeded, "\(pull.text)")
        #expect(try installation.storedLayers == Set(image.layers.map(\.diffID.hex)))
        #expect(try installation.imgfs("images").output.contains("commands:v1"))
        let inspect = try installation.imgfs("inspect", reference)
        for layer in image.layers {
            #expect(inspect.output.contains(layer.diffID.short))
            #expect(inspect.output.contains(layer.digest.short))
        }
        #expect(inspect.output.contains(image.chainID.description))
        let json = try installation.imgfs("inspect", "--json", reference)
        for layer in image.layers { #expect(json.output.contains(layer.diffID.description)) }
        let verify = try installation.imgfs("verify")
        #expect(verify.succeeded, "\(verify.text)")
        let remove = try installation.imgfs("rm", reference)
        #expect(remove.succeeded, "\(remove.text)")
        let prune = try installation.imgfs("prune")
        #expect(prune.succeeded, "\(prune.text)")
        #expect(try installation.storedLayers.isEmpty)
        #expect(try installation.imgfs("rm", reference).status != 0)
    }

    @Test func `prune keeps what is mounted`() throws {
        let image = try TestImage(scripts: ["seq 1000 >one"])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        #expect(try output("ls", target) == "one\n")
        let images = try installation.imgfs("images")
        #expect(images.output.contains("oci:"), "\(images.text)")
        #expect(try installation.imgfs("rm", image.source).succeeded)
        #expect(try installation.imgfs("prune").succeeded)
        #expect(try installation.storedLayers.count == 1)
        #expect(try output("wc", "-l", target + "/one").hasPrefix("1000"))
        try installation.unmount(target)
        #expect(try eventually { try installation.imgfs("prune").succeeded && installation.storedLayers.isEmpty })
    }

    @Test func `verify finds a changed byte`() throws {
        let image = try TestImage(scripts: ["seq 100000 >one"])
        let installation = try Installation()
        #expect(try installation.imgfs("pull", image.source).succeeded)
        let data = "\(installation.root)/layers/sha256/\(image.layers[0].diffID.hex)/data"
        try shell("printf X | dd of='\(data)' bs=1 seek=5000 conv=notrunc status=none")
        let verify = try installation.imgfs("verify")
        #expect(verify.status != 0)
        #expect((verify.output + verify.errors).contains(image.layers[0].diffID.hex), "\(verify.text)")
    }

    @Test func `mounts and status name what is mounted`() throws {
        let image = try TestImage(scripts: ["seq 1000 >one"])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let mounts = try installation.imgfs("mounts")
        #expect(mounts.output.contains(target), "\(mounts.text)")
        #expect(mounts.output.contains(image.source))
        #expect(try installation.imgfs("status").output.contains(installation.root))
        #expect(try installation.imgfs("status", "--waits").succeeded)
        try installation.unmount(target)
        #expect(try eventually { try !installation.imgfs("mounts").output.contains(target) })
    }

    @Test(arguments: ["images", "mounts", "status", "prune", "verify"])
    func `--json prints JSON`(command: String) throws {
        let installation = try Installation()
        let path = installation.directory.path("out.json")
        try write(try installation.imgfs(command, "--json").output, to: path)
        try output("jq", "-e", ".", path)
    }

    @Test func `each command has --help`() throws {
        let installation = try Installation()
        for command in [
            "mount", "umount", "pull", "images", "mounts", "inspect", "status", "rm", "prune", "verify", "daemon",
        ] {
            let help = try installation.imgfs(command, "--help")
            #expect(help.succeeded && help.output.contains("imgfs \(command)"), "\(help.text)")
        }
        #expect(try installation.imgfs("--version").output.contains("."))
        #expect(try installation.imgfs("nonsense").status == 1)
    }

    @Test func `a pull and the mounts of an image share one unpack`() throws {
        let image = try TestImage(scripts: (0..<3).map { "seq \($0) 300000 >file\($0)" })
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "pulled")
        let installation = try Installation()
        var children = [try Child([Installation.binary, "pull", reference], environment: installation.environment)]
        for _ in 0..<4 {
            let target = try installation.makeTarget()
            children.append(
                try Child(
                    ["sh", "-euc", "mount -t fuse.imgfs \(reference) \(target); cat \(target)/* >/dev/null"],
                    environment: installation.environment))
        }
        for child in children {
            let outcome = child.wait()
            #expect(outcome.succeeded, "\(outcome.text)")
        }
        #expect(registry.blobRequests.values.allSatisfy { $0 == 1 }, "\(registry.blobRequests)")
    }

    @Test func `helpers that race start one daemon`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        let children = try (0..<8).map { _ in try installation.startMount(image.source, on: installation.makeTarget()) }
        for child in children {
            let outcome = child.wait()
            #expect(outcome.succeeded, "\(outcome.text)")
        }
        let daemons = try shell(
            """
            for process in /proc/[0-9]*; do
                [ "$(readlink "$process/exe")" = "$binary" ] || continue
                tr '\\0' ' ' <"$process/cmdline" | grep ' daemon ' || true
            done
            """, environment: ["binary": try output("readlink", "-f", Installation.binary).filter { $0 != "\n" }])
        #expect(daemons.split(separator: "\n").count { $0.contains(installation.root) } == 1, "\(daemons)")
    }

    @Test func `a daemon that is handed a socket waits for the one who hands it over to let go of its lock`() throws {
        let installation = try Installation()
        let script = """
            use Socket; use Fcntl ':flock'; use POSIX ();
            my ($program, $root, $path) = @ARGV;
            open(my $lock, '>', "$path.lock") or die; flock($lock, LOCK_EX) or die;
            socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die;
            bind($socket, pack_sockaddr_un($path)) or die; listen($socket, 10) or die;
            if (fork() == 0) { select(undef, undef, undef, 0.5); POSIX::_exit(0) }
            close($lock);
            POSIX::dup2(fileno($socket), 3);
            $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1;
            exec $program, 'daemon', '--root', $root, '--socket', $path;
            """
        let daemon = try Child(
            ["perl", "-e", script, Installation.binary, installation.root, installation.socket])
        #expect(eventually { daemon.errorsSoFar.contains("daemon started") || !daemon.isRunning })
        #expect(daemon.isRunning, "\(daemon.errorsSoFar)")
        #expect(try installation.imgfs("status").output.contains("process \(daemon.pid)"))
        daemon.signal(SIGTERM)
        daemon.wait(seconds: 10)
    }

    @Test func `a second daemon on one store names the first`() throws {
        let installation = try Installation()
        try installation.startDaemon()
        let second = try Child(
            [
                Installation.binary, "daemon", "--root", installation.root, "--socket",
                installation.directory.path("other.sock"),
            ]
        ).wait(seconds: 20)
        #expect(second.status != 0)
        #expect(second.errors.contains("\(installation.daemon?.pid ?? 0)"), "\(second.text)")
    }

    @Test func `the daemon holds none of the caller's descriptors`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        let target = try installation.makeTarget()
        let outcome = try Child(
            ["sh", "-euc", "mount -t fuse.imgfs \(image.source) \(target) | cat"], environment: installation.environment
        ).wait(seconds: 20)
        #expect(outcome.succeeded, "the pipe closes when mount returns: \(outcome.text)")
    }
}
