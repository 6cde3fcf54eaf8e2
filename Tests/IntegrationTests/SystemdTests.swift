import Glibc
import Testing

/// systemd itself as process 1 of a container, with the units that are installed; see Tests/Tools/boot-systemd.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct SystemdTests {
    private static let fileCount = 6

    /// Each file is read once: nothing of it is in the page cache when it matters.
    private static let script = """
        cat /srv/boot/1
        systemctl kill --kill-whom=main --signal=KILL imgfs.service
        cat /srv/boot/2
        systemctl restart imgfs.service
        cat /srv/boot/3
        systemctl isolate boot.target
        cat /srv/boot/4
        systemctl show -P NFileDescriptorStore imgfs.service
        """

    private static let demandScript = """
        if systemctl -q is-active srv-demand.mount srv-redis.mount; then exit 1; fi
        cat /srv/demand/1 /srv/redis/1
        systemctl -q is-active srv-demand.mount
        for round in $(seq 150); do
            if ! systemctl -q is-active srv-redis.mount; then echo idle; break; fi
            sleep 0.2
        done
        """

    @Test func `mounts of fstab and of units outlive the daemon and the services that read them`() throws {
        let image = try TestImage(scripts: [
            "for n in $(seq \(Self.fileCount)); do echo \"file $n\" >$n; done"
        ])
        let directory = try TestDirectory()
        let script = directory.path("script")
        // The kernel may have no autofs.
        let hasAutomounts = access("/dev/autofs", F_OK) == 0
        try write(Self.script + (hasAutomounts ? "\n" + Self.demandScript : ""), to: script)
        let outcome = try run("Tests/Tools/boot-systemd", Installation.binary, image.path, script)
        #expect(outcome.succeeded, "\(outcome.text)")
        let lines = outcome.output.split(separator: "\n")
        // In the store: the flight recorder, and a session and its record, since all mounts show one image.
        let expected = (1...4).map { "file \($0)" } + ["3"] + (hasAutomounts ? ["file 1", "file 1", "idle"] : [])
        #expect(lines.prefix(expected.count).map(String.init) == expected, "\(outcome.text)")
        let byteCount = Self.fileCount * "file 1\n".utf8.count
        #expect(outcome.output.hasSuffix("== read at shutdown\n\(byteCount)\n"), "\(outcome.text)")
    }
}
