import Glibc
import Testing

/// The machine is started again: nothing runs, nothing is mounted, the kernel has another boot id, and the registry may
/// not be there yet.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct RebootTests {
    @Test func `what fstab names is mounted again without a network, and nothing of the last boot is in the way`()
        throws
    {
        let remote = try RemoteImage(scripts: ["head -c 3000000 /dev/urandom >a", "sha256sum a >b || echo b >b"])
        let installation = try Installation()
        let target = try installation.makeTarget()
        let fstab = installation.directory.path("fstab")
        try write(
            """
            # a comment
            \(remote.reference) \(target) fuse.imgfs ro,nofail,_netdev,x-systemd.automount 0 0

            """, to: fstab)
        let mountAll = ["mount", "-a", "-T", fstab, "-t", "fuse.imgfs"]
        #expect(try Child(mountAll, environment: installation.environment).wait().succeeded)
        let truth = try output("sha256sum", target + "/a", target + "/b")
        // As at a shutdown: what is stored is synced.
        try output("sync")

        // The end of the machine: no process, no mount. The socket and the keeper's files stay behind.
        let daemon = try #require(
            pid_t(
                shell(
                    "'\(Installation.binary)' status --json | jq .processID", environment: installation.environment
                ).filter(\.isNumber)))
        let keeper = try #require(
            readText("/proc/\(daemon)/stat").split(separator: " ").dropFirst(3).first.flatMap { pid_t($0) })
        kill(keeper, SIGKILL)
        kill(daemon, SIGKILL)
        umount2(target, Int32(MNT_DETACH))
        #expect(eventually { access("/proc/\(daemon)", F_OK) != 0 && access("/proc/\(keeper)", F_OK) != 0 })
        remote.proxy.stop()
        remote.registry.stop()
        let bootID = installation.directory.path("boot_id")
        try write("00000000-1111-2222-3333-555555555555\n", to: bootID)
        try output("mount", "--bind", bootID, "/proc/sys/kernel/random/boot_id")
        defer { umount2("/proc/sys/kernel/random/boot_id", Int32(MNT_DETACH)) }

        let again = try Child(mountAll, environment: installation.environment).wait()
        #expect(again.succeeded, "\(again.text)")
        #expect(try output("sha256sum", target + "/a", target + "/b") == truth)
        // Once more: it is mounted already.
        #expect(try Child(mountAll, environment: installation.environment).wait().succeeded)
        #expect(try output("grep", "-c", " \(target) ", "/proc/mounts") == "1\n")
        #expect(try installation.imgfs("verify").succeeded)
        try installation.unmount(target)
    }
}
