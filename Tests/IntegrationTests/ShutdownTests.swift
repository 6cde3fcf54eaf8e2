import Glibc
import Testing

/// The daemon is told to end while there is work.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ShutdownTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `a daemon that waits for a registry ends when told, and everybody who waits for it is told`(
        _ signal: Int32
    ) throws {
        let remote = try RemoteImage(scripts: ["echo a >a"])
        let installation = try Installation()
        try installation.startDaemon()
        remote.holdLayers()
        let target = try installation.mount(remote.reference)
        let reader = try Child(["cat", target + "/a"])
        let pull = try Child([Installation.binary, "pull", remote.reference], environment: installation.environment)
        #expect(eventually { !remote.layerRequests.isEmpty })
        usleep(100_000)

        let daemon = try #require(installation.daemon)
        daemon.signal(signal)
        let end = daemon.wait(seconds: 20)
        #expect(end.succeeded, "\(end.text)")
        #expect(end.errors.contains("daemon ended"))
        let failure = pull.wait(seconds: 20)
        #expect(!failure.succeeded && failure.errors.contains("imgfs"), "\(failure.text)")
        let read = reader.wait(seconds: 20)
        #expect(!read.succeeded && !read.errors.contains("Interrupted"), "\(read.text)")
    }

    @Test func `a daemon that is busy unpacking ends without a fault, and the next one goes on`() throws {
        let remote = try RemoteImage(scripts: ["head -c 30000000 /dev/urandom >a; sha256sum a >sum"])
        let installation = try Installation()
        for delay in [20, 60, 100, 140, 180, 220] {
            try installation.startDaemon()
            remote.proxy.limit(bytesPerSecond: 60_000_000)
            let pull = try Child(
                [Installation.binary, "pull", remote.reference], environment: installation.environment)
            usleep(UInt32(delay) * 1000)
            let daemon = try #require(installation.daemon)
            daemon.signal(SIGTERM)
            let end = daemon.wait(seconds: 20)
            #expect(end.succeeded, "after \(delay) ms: \(end.text)")
            pull.wait(seconds: 60)
            // A pull that found nobody has started a daemon of its own.
            try installation.imgfs("daemon", "stop", "--force")
        }
        try installation.startDaemon()
        let target = try installation.mount(remote.reference)
        #expect(try run("sh", "-c", "cd '\(target)' && sha256sum -c sum").succeeded)
        #expect(try installation.imgfs("verify").succeeded)
    }
}
