import Glibc
import OCI
import Testing

/// The daemon is killed at random moments; nothing wrong is ever seen, and little is fetched twice.
@Suite(.serialized)
struct CrashTests {
    /// IMGFS_TEST_KILLS: how often; 200 takes some minutes.
    private static let killCount = getenv("IMGFS_TEST_KILLS").flatMap { Int(String(cString: $0)) } ?? 20

    @Test func `a daemon that is killed during pulls goes on where it was`() throws {
        let remote = try RemoteImage(scripts: [
            "head -c 12000000 /dev/urandom >a; sha256sum a >a.sum",
            "head -c 9000000 /dev/urandom >b; sha256sum b >b.sum",
        ])
        let installation = try Installation()
        var random = SystemRandomNumberGenerator()
        // Slow enough that kills hit every phase.
        remote.proxy.limit(bytesPerSecond: 40_000_000)
        for _ in 0..<Self.killCount {
            try installation.startDaemon()
            let pull = try Child(
                [Installation.binary, "pull", remote.reference], environment: installation.environment)
            usleep(UInt32.random(in: 0...700_000, using: &random))
            installation.killDaemon()
            pull.wait()
            // A pull that found nobody has started a daemon of its own.
            try installation.imgfs("daemon", "stop", "--force")
            if try installation.storedLayers.count == 2 {
                try installation.startDaemon()
                #expect(try installation.imgfs("verify").succeeded)
                #expect(try installation.imgfs("rm", remote.reference).succeeded)
                #expect(try installation.imgfs("prune").succeeded)
                installation.stopDaemon()
            }
        }
        try installation.startDaemon()
        let target = try installation.mount(remote.reference)
        let check = try run("sh", "-c", "cd '\(target)' && sha256sum -c a.sum b.sum")
        #expect(check.succeeded, "\(check.text)")
        #expect(try installation.stored("staging").isEmpty)
        let verify = try installation.imgfs("verify")
        #expect(verify.succeeded, "\(verify.text)")
        #expect(try installation.stored("blobs/sha256").allSatisfy { !$0.hasSuffix(".partial") })
    }

    @Test func `a fetch that was cut by a kill is resumed by Range`() throws {
        let remote = try RemoteImage(scripts: ["head -c 20000000 /dev/urandom >a"])
        let installation = try Installation()
        remote.proxy.limit(bytesPerSecond: 8_000_000)
        try installation.startDaemon("--max-parts", "1")
        let pull = try Child([Installation.binary, "pull", remote.reference], environment: installation.environment)
        #expect(eventually(seconds: 20) { remote.layerRequests.first.map { $0.byteCount > 6_000_000 } ?? false })
        installation.killDaemon()
        pull.wait()
        let fetchedBefore = remote.layerRequests[0].byteCount
        remote.proxy.limit(bytesPerSecond: nil)
        try installation.startDaemon()
        let second = try installation.imgfs("pull", remote.reference)
        #expect(second.succeeded, "\(second.text)")
        let resumed = remote.layerRequests.last!
        #expect(resumed.range != nil)
        #expect(fetchedBefore - resumed.offset < 4 << 20, "at most 4 MiB come twice")
    }

    @Test func `after a power failure only what was synced counts, and everything else is fetched again`() throws {
        let remote = try RemoteImage(scripts: ["head -c 5000000 /dev/urandom >a; sha256sum a >sum"])
        let installation = try Installation()
        try installation.startDaemon()
        #expect(try installation.imgfs("pull", remote.reference).succeeded)
        installation.killDaemon()
        // Another boot, and a file whose last blocks never reached the disk.
        let data = "\(installation.root)/layers/sha256/\(remote.image.layers[0].diffID.hex)/data"
        try output("truncate", "-s", "1000000", data)
        let bootID = installation.directory.path("boot_id")
        try write("00000000-1111-2222-3333-444444444444\n", to: bootID)
        try output("mount", "--bind", bootID, "/proc/sys/kernel/random/boot_id")
        defer { umount2("/proc/sys/kernel/random/boot_id", Int32(MNT_DETACH)) }
        try installation.startDaemon()
        let target = try installation.mount(remote.reference)
        let check = try run("sh", "-c", "cd '\(target)' && sha256sum -c sum")
        #expect(check.succeeded, "\(check.text)")
        #expect(try installation.imgfs("verify").succeeded)
    }
}
