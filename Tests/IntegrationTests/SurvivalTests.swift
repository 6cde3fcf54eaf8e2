import Control
import Glibc
import OCI
import Testing

/// Mounts outlive the daemon that serves them.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SurvivalTests {
    /// IMGFS_TEST_KILLS: how often; 200 takes some minutes.
    static let killCount = getenv("IMGFS_TEST_KILLS").flatMap { Int(String(cString: $0)) } ?? 20

    private func sum(_ image: TestImage, _ file: String) throws -> String {
        try output("sha256sum", image.directory.path("tree0/\(file)")).split(separator: " ")[0] + "  -"
    }

    @Test func `readers notice nothing when the daemon is killed, again and again`() throws {
        let image = try TestImage(scripts: (0..<4).map { "head -c 1000000 /dev/urandom >f\($0)" }.joinedAsOneLayer)
        let installation = try Installation()
        try installation.startKeeper()
        let readers = try (0..<6).map { number in
            let file = "f\(number % 4)"
            return try SteadyReader(
                installation.mount(image.source) + "/" + file, sum: try sum(image, file), in: installation.directory)
        }
        var random = SystemRandomNumberGenerator()
        var killed = 0
        while killed < Self.killCount {
            usleep(UInt32.random(in: 0...200_000, using: &random))
            if installation.signalWorker(SIGKILL) { killed += 1 }
        }
        _ = try installation.servingWorker()
        let before = readers.map(\.passCount)
        #expect(eventually(seconds: 60) { zip(readers, before).allSatisfy { $0.passCount > $1 } })
        for reader in readers {
            let outcome = try reader.end()
            #expect(outcome.succeeded, "\(outcome.text)")
        }
        let status = try installation.imgfs("status").output
        #expect(status.contains("daemons died") && status.contains("taken over"), "\(status)")
        #expect(!installation.daemonLog.contains("EIO"))
    }

    @Test func `first accesses that wait are parked again, and the fetch goes on where it was`() throws {
        let remote = try RemoteImage(scripts: ["head -c 12000000 /dev/urandom >a; sha256sum a >sum"])
        let installation = try Installation()
        try installation.startKeeper()
        let target = try installation.mount(remote.reference)
        remote.holdLayers()
        let readers = try (0..<5).map { _ in
            try Child(["sh", "-euc", "cd '\(target)'; sha256sum -c sum"])
        }
        #expect(eventually { !remote.layerRequests.isEmpty })
        for _ in 0..<3 {
            let former = try installation.servingWorker()
            let requests = remote.layerRequests.count
            installation.signalWorker(SIGKILL)
            _ = try installation.servingWorker(not: former)
            #expect(eventually { remote.layerRequests.count > requests }, "the successor fetches for those who wait")
        }
        remote.proxy.limit(bytesPerSecond: 6_000_000)
        remote.proxy.release()
        #expect(eventually(seconds: 20) { remote.layerRequests.last.map { $0.byteCount > 3_000_000 } ?? false })
        installation.signalWorker(SIGKILL)
        _ = try installation.servingWorker()
        remote.proxy.limit(bytesPerSecond: nil)
        for reader in readers {
            let outcome = reader.wait()
            #expect(outcome.succeeded, "\(outcome.text)")
        }
        #expect(remote.layerRequests.last?.range != nil, "the last fetch begins where the one before was cut")
    }

    @Test func `commands that are under way are answered by the successor`() throws {
        let remote = try RemoteImage(scripts: ["head -c 12000000 /dev/urandom >a"])
        let installation = try Installation()
        try installation.startKeeper()
        remote.proxy.limit(bytesPerSecond: 8_000_000)
        let pull = try Child([Installation.binary, "pull", remote.reference], environment: installation.environment)
        #expect(eventually(seconds: 20) { remote.layerRequests.first.map { $0.byteCount > 2_000_000 } ?? false })
        installation.signalWorker(SIGKILL)
        let outcome = pull.wait()
        #expect(outcome.succeeded, "\(outcome.text)")

        let image = try TestImage(scripts: ["echo 1 >one"])
        var former: pid_t?
        for _ in 0..<4 {
            former = try installation.servingWorker(not: former)
            installation.signalWorker(SIGKILL)
            // The socket is there; somebody will answer.
            let target = try installation.mount(image.source)
            #expect(readText(target + "/one") == "1\n")
        }
    }

    @Test func `many mounts are taken over, and those that went meanwhile are let go`() throws {
        let images = try (0..<40).map { try TestImage(scripts: ["echo \($0) >number"], compression: .none) }
        let installation = try Installation()
        try installation.startKeeper()
        let targets = try images.map { try installation.mount($0.source) }
        for (number, target) in targets.enumerated() where number % 2 == 0 {
            #expect(readText(target + "/number") == "\(number)\n")
        }
        let former = try installation.servingWorker()
        // Half of them go while nobody serves.
        kill(former, SIGSTOP)
        for target in targets[..<20] { umount2(target, Int32(MNT_DETACH)) }
        installation.signalWorker(SIGKILL)
        _ = try installation.servingWorker(not: former)
        for (number, target) in targets.enumerated() where number >= 20 {
            #expect(readText(target + "/number") == "\(number)\n")
        }
        #expect(try installation.imgfs("mounts").output.split(separator: "\n").count == 21)
        // Its table lists where they are mounted, also after that.
        #expect(try installation.imgfs("mounts").output.contains(targets[39]))
    }

    @Test func `stored images need no network to come back, and what is missing fails in bounded time`() throws {
        let remote = try RemoteImage(scripts: ["seq 100000 >a; sha256sum a >sum"])
        let installation = try Installation()
        let other = try TestImage(scripts: ["echo other >other"])
        try remote.registry.push(other, as: "other")
        try installation.startKeeper("--connect-timeout", "1", "--retry-time", "1", "--attempts", "2")
        let target = try installation.mount(remote.reference)
        #expect(try run("sh", "-c", "cd '\(target)' && sha256sum -c sum").succeeded)
        let missing = try installation.mount("\(remote.proxy.host)/other")
        let former = try installation.servingWorker()
        remote.proxy.stop()
        remote.registry.stop()
        installation.signalWorker(SIGKILL)
        _ = try installation.servingWorker(not: former)
        try shell("echo 1 >/proc/sys/vm/drop_caches")
        #expect(try run("sh", "-c", "cd '\(target)' && sha256sum -c sum").succeeded)
        let failure = try run("cat", missing + "/other", seconds: 30)
        #expect(failure.errors.contains("timed out"), "\(failure.text)")
        #expect(try installation.mount(remote.reference) != target, "the catalogue knows it")
    }

    @Test func `a daemon that hangs is replaced`() throws {
        let image = try TestImage(scripts: ["head -c 1000000 /dev/urandom >f0"].joinedAsOneLayer)
        let installation = try Installation()
        try installation.startKeeper("--watchdog", "1")
        let target = try installation.mount(image.source)
        let reader = try SteadyReader(target + "/f0", sum: try sum(image, "f0"), in: installation.directory)
        #expect(eventually { reader.passCount > 1 })
        let former = try installation.servingWorker()
        kill(former, SIGSTOP)
        _ = try installation.servingWorker(not: former)
        let before = reader.passCount
        #expect(eventually(seconds: 20) { reader.passCount > before + 1 })
        let outcome = try reader.end()
        #expect(outcome.succeeded, "\(outcome.text)")
        #expect(installation.daemonLog.contains("no sign of life"))
    }

    @Test func `a request that ends every daemon isolates its image, and others are served`() throws {
        let deadly = try TestImage(scripts: ["echo poison >deadly; echo harmless >harmless"])
        let good = try TestImage(scripts: ["head -c 300000 /dev/urandom >f0"].joinedAsOneLayer)
        let installation = try Installation()
        // Ends the process that reads this content from a layer.
        let library = installation.directory.path("deadly.so")
        try output("gcc", "-shared", "-fPIC", "-o", library, "Tests/Tools/deadly-read.c")
        try installation.startKeeper(environment: ["LD_PRELOAD": library])
        let target = try installation.mount(deadly.source)
        let other = try installation.mount(good.source)
        let reader = try SteadyReader(other + "/f0", sum: try sum(good, "f0"), in: installation.directory)
        #expect(readText(target + "/harmless") == "harmless\n")
        let victim = try run("cat", target + "/deadly", seconds: 60)
        #expect(victim.errors.contains("Input/output error"), "\(victim.text)\n\(installation.daemonLog)")
        #expect(installation.daemonLog.contains("isolated, since 5 daemons"))
        #expect(try run("ls", target).errors.contains("Input/output error"))
        let before = reader.passCount
        #expect(eventually(seconds: 20) { reader.passCount > before + 1 })
        let outcome = try reader.end()
        #expect(outcome.succeeded, "\(outcome.text)")
        #expect(try installation.imgfs("status").output.contains("1 ISOLATED"))
        #expect(try installation.imgfs("mounts", "--json").output.contains("isolated, since"))
        #expect(try installation.tryMount(deadly.source, on: installation.makeTarget()).errors.contains("isolated"))

        // A restart on purpose tries again.
        let former = try installation.servingWorker()
        kill(former, SIGTERM)
        _ = try installation.servingWorker(not: former)
        #expect(try run("cat", target + "/harmless").output == "harmless\n")
    }
}

extension [String] {
    /// One layer of what all scripts leave.
    fileprivate var joinedAsOneLayer: [String] { [joined(separator: "; ")] }
}
