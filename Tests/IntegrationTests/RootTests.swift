import Glibc
import Testing

/// The commands of docs/runtimes.md: a mount as the root directory of programs, with the tools that people have.
@Suite(.serialized)
struct RootTests {
    /// A static program that shows who it is and whether it can write.
    private static func image() throws -> TestImage {
        let directory = try TestDirectory()
        let source = directory.path("probe.c")
        try write(
            """
            #include <fcntl.h>
            #include <stdio.h>
            #include <unistd.h>
            int main(void) {
                printf("uid %d root %s\\n", geteuid(), open("/written", O_CREAT | O_RDWR, 0644) < 0 ? "closed" : "open");
                return 7;
            }
            """, to: source)
        let program = directory.path("probe")
        try output("gcc", "-O1", "-static", "-o", program, source)
        return try TestImage(scripts: [
            "mkdir -p bin dev proc sys etc tmp run usr var/lib; install '\(program)' bin/probe; chown 7:8 var/lib; echo ID=x >etc/os-release"
        ])
    }

    @Test func `bwrap makes a container of a mount`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let outcome = try run(
            "bwrap", "--ro-bind", installation.mount(image.source), "/", "--proc", "/proc", "--dev", "/dev",
            "--unshare-all", "/bin/probe")
        #expect(outcome.status == 7, "\(outcome.text)")
        #expect(outcome.output == "uid 0 root closed\n")
    }

    @Test func `a user namespace has a mount as its root, and an overlayfs of its own on top`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let namespace = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork"]
        let plain = try Child(namespace + ["chroot", target, "/bin/probe"]).wait()
        #expect(plain.output == "uid 0 root closed\n", "\(plain.text)")
        let scratch = try installation.directory.makeDirectory("scratch")
        let script = """
            mount -t tmpfs tmpfs "$2"; mkdir "$2/upper" "$2/work" "$2/root"
            mount -t overlay overlay -o "userxattr,lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
            exec chroot "$2/root" /bin/probe
            """
        let writable = try Child(namespace + ["sh", "-euc", script, "sh", target, scratch]).wait()
        #expect(writable.output == "uid 0 root open\n", "\(writable.text)")
    }

    @Test func `systemd-nspawn boots into a mount`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory", target]
        // It changes the hostname's file and the like: in a mount namespace of its own nothing of that stays.
        let closed = try Child(command + ["--read-only", "/bin/probe"]).wait()
        #expect(closed.status == 7, "\(closed.text)")
        #expect(closed.output == "uid 0 root closed\r\n" || closed.output == "uid 0 root closed\n")
        let writable = try Child(command + ["--volatile=overlay", "/bin/probe"]).wait()
        #expect(writable.status == 7, "\(writable.text)")
        #expect(writable.output == "uid 0 root open\r\n" || writable.output == "uid 0 root open\n")
        #expect(access(target + "/written", F_OK) != 0)
    }

    @Test func `podman runs a mount with an overlayfs of its own`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let target = try installation.mount(image.source, options: "suid,dev")
        let state = try installation.directory.makeDirectory("podman")
        // podman wants one version of cgroups, and limits that this machine lets it set.
        let script = """
            if [ -d /sys/fs/cgroup/unified ]; then umount /sys/fs/cgroup/unified; fi
            status=0
            podman --root "$2/root" --runroot "$2/run" --storage-driver overlay run --rm --network none \
                --cgroups disabled --runtime crun --ulimit nofile=512:512 --ulimit nproc=512:512 \
                --rootfs "$1:O" /bin/probe || status=$?
            umount "$2/root/overlay" 2>/dev/null || true
            exit $status
            """
        let outcome = try Child(["unshare", "--mount", "sh", "-euc", script, "sh", target, state]).wait()
        #expect(outcome.status == 7, "\(outcome.text)")
        #expect(outcome.output == "uid 0 root open\n")
        #expect(access(target + "/written", F_OK) != 0)
    }

    @Test func `an idmapped mount shows other owners`() throws {
        let image = try Self.image()
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let program = installation.directory.path("idmap")
        let source = installation.directory.path("idmap.c")
        try write(idmapProgram, to: source)
        try output("gcc", "-O1", "-o", program, source)
        let other = try installation.makeTarget()
        let outcome = try run(program, target, other)
        // Before Linux 6.12 no FUSE file system can.
        if outcome.status == 2 { return }
        #expect(outcome.succeeded, "\(outcome.text)")
        #expect(
            try output("stat", "-c", "%u:%g", other + "/var/lib", other + "/etc") == "100007:100008\n100000:100000\n")
        #expect(try output("stat", "-c", "%u:%g", target + "/var/lib") == "7:8\n")
    }

    @Test(arguments: [false, true])
    func `mount.fuse3 mounts as containerd calls it`(_ throughDescriptor: Bool) throws {
        let image = try Self.image()
        let installation = try Installation()
        let target = try installation.makeTarget()
        let programs = try installation.directory.makeDirectory("bin")
        try output("ln", "-s", Installation.binary, programs + "/imgfs")
        let script = """
            PATH="$1:$PATH"
            if [ "$4" = true ]; then
                exec 7<"$3"
                mount.fuse3 "$2" /dev/fd/7 -o ro -o noexec -t imgfs
            else
                mount.fuse3 "$2" "$3" -o ro -o noexec -t imgfs
            fi
            """
        let outcome = try Child(
            ["sh", "-euc", script, "sh", programs, image.source, target, "\(throughDescriptor)"],
            environment: installation.environment
        ).wait()
        #expect(outcome.succeeded, "\(outcome.text)")
        let shown = try output("findmnt", "-n", "-o", "FSTYPE,OPTIONS", target)
        // mount.fuse3 itself asks for suid and dev where it is not told otherwise.
        #expect(shown.hasPrefix("fuse.imgfs ro,noexec,relatime"), "\(shown)")
        // The daemon that this started holds the directory as little as any other descriptor of its caller's.
        // So containerd unmounts.
        try output("fusermount3", "-u", target)
        try output("rmdir", target)
    }
}

private let idmapProgram = """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <linux/mount.h>
    #include <sched.h>
    #include <signal.h>
    #include <stdio.h>
    #include <string.h>
    #include <sys/syscall.h>
    #include <sys/wait.h>
    #include <unistd.h>
    static void put(const char *format, int process, const char *text) {
        char path[64];
        snprintf(path, sizeof path, format, process);
        int file = open(path, O_WRONLY);
        if (file < 0 || write(file, text, strlen(text)) < 0) _exit(1);
        close(file);
    }
    int main(int count, char **arguments) {
        int tree = syscall(SYS_open_tree, AT_FDCWD, arguments[1], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), ready[2];
        if (tree < 0 || pipe(ready)) return 1;
        int child = fork();
        if (child == 0) { unshare(CLONE_NEWUSER); write(ready[1], "", 1); pause(); }
        char byte;
        read(ready[0], &byte, 1);
        put("/proc/%d/uid_map", child, "0 100000 65536");
        put("/proc/%d/gid_map", child, "0 100000 65536");
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/user", child);
        struct mount_attr change = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = open(path, O_RDONLY)};
        int failed = syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &change, sizeof change);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (failed) return 2;
        return syscall(SYS_move_mount, tree, "", AT_FDCWD, arguments[2], MOVE_MOUNT_F_EMPTY_PATH) != 0;
    }
    """
