import Control
import Glibc
import OCI
import Testing

/// Restarts, upgrades and ends of the daemon and its keeper.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct HandoverTests {
    private let image: TestImage
    private let installation: Installation
    private let target: String
    private let reader: SteadyReader

    init() throws {
        image = try TestImage(scripts: ["head -c 500000 /dev/urandom >f; echo 1 >one"])
        installation = try Installation()
        try installation.startKeeper()
        target = try installation.mount(image.source)
        let sum = try String(output("sha256sum", image.directory.path("tree0/f")).split(separator: " ")[0]) + "  -"
        reader = try SteadyReader(target + "/f", sum: sum, in: installation.directory)
    }

    private func expectReading(_ comment: Comment? = nil) throws {
        let before = reader.passCount
        #expect(eventually(seconds: 20) { reader.passCount > before + 1 }, comment)
    }

    private func endReader() throws {
        let outcome = try reader.end()
        #expect(outcome.succeeded, "\(outcome.text)")
    }

    @Test func `a daemon that is told to end leaves its mounts to the next`() throws {
        for _ in 0..<3 {
            let former = try installation.servingWorker()
            kill(former, SIGTERM)
            _ = try installation.servingWorker(not: former)
            try expectReading()
        }
        #expect(!installation.daemonLog.contains("died"), "no end was a death: \(installation.daemonLog)")
        try endReader()
    }

    @Test func `a keeper that is told to end waits with its mounts for the next command`() throws {
        let keeper = try #require(installation.daemon)
        let former = try installation.servingWorker()
        keeper.signal(SIGTERM)
        #expect(eventually { installation.worker == nil && installation.daemonLog.contains("mounts wait") })
        #expect(keeper.isRunning)
        #expect(try installation.imgfs("status").succeeded)
        _ = try installation.servingWorker(not: former)
        try expectReading()
        try endReader()
        installation.unmountEverything()
        #expect(
            eventually(seconds: 20) { (try? installation.imgfs("mounts").output.split(separator: "\n").count) == 1 })
        keeper.signal(SIGTERM)
        #expect(keeper.wait(seconds: 20).succeeded, "with nothing mounted it ends")
    }

    @Test func `another program goes on in the daemon's place`() throws {
        let directory = try installation.directory.makeDirectory("new")
        for name in ["imgfs", "imgfs-keeper"] {
            try output("cp", "\(Installation.binary.dropLast("imgfs".count))\(name)", directory)
        }
        let former = try installation.servingWorker()
        let replacement = try run(directory + "/imgfs", "daemon", "--replace", environment: installation.environment)
        #expect(
            replacement.succeeded && replacement.output.contains("goes on for process \(former)"), "\(replacement.text)"
        )
        let worker = try installation.servingWorker(not: former)
        #expect(try output("readlink", "-f", "/proc/\(worker)/exe") == directory + "/imgfs\n")
        try expectReading()
        // Also when it dies.
        kill(worker, SIGKILL)
        let successor = try installation.servingWorker(not: worker)
        #expect(try output("readlink", "-f", "/proc/\(successor)/exe") == directory + "/imgfs\n")
        try expectReading()
        try endReader()
    }

    @Test func `a successor has the options of the daemon before it, and those it was given`() throws {
        func commandLine(_ process: pid_t) -> [String] {
            readText("/proc/\(process)/cmdline").split(separator: "\0").map(String.init)
        }
        let former = try installation.servingWorker()
        let metrics = "unix:" + installation.root + "/metrics"
        #expect(
            try installation.imgfs("daemon", "--replace", "--metrics", metrics, "--attempts", "2", "--watchdog", "40")
                .succeeded)
        let second = try installation.servingWorker(not: former)
        #expect(try installation.imgfs("daemon", "--replace", "--attempts", "3", "--watchdog", "50").succeeded)
        let third = try installation.servingWorker(not: second)
        let line = commandLine(third)
        for option in [["--metrics", metrics], ["--attempts", "3"], ["--watchdog", "50.0"]] {
            #expect(line.contains(option), "\(line)")
        }
        #expect(try installation.imgfs("daemon", "--replace").succeeded)
        let fourth = try installation.servingWorker(not: third)
        #expect(commandLine(fourth).dropFirst() == line.dropFirst())
        // The keeper hears of it: it ends one that is silent for so long.
        #expect(try installation.imgfs("daemon", "--replace", "--watchdog", "2").succeeded)
        let fifth = try installation.servingWorker(not: fourth)
        kill(fifth, SIGSTOP)
        _ = try installation.servingWorker(not: fifth)
        #expect(installation.daemonLog.contains("no sign of life"))
        try expectReading()
        try endReader()
    }

    @Test func `a program that cannot use the store replaces nobody`() throws {
        let former = try installation.servingWorker()
        try write("imgfs store 99\n", to: installation.root + "/version")
        let refused = try installation.imgfs("daemon", "--replace")
        #expect(!refused.succeeded && refused.errors.contains("newer imgfs"), "\(refused.text)")
        let checked = try installation.imgfs("daemon", "--check")
        #expect(!checked.succeeded && checked.errors.contains("newer imgfs"), "\(checked.text)")
        try write("imgfs store 1\n", to: installation.root + "/version")
        #expect(try installation.imgfs("daemon", "--check").succeeded)
        #expect(try installation.servingWorker() == former)
        try expectReading()
        try endReader()
    }

    @Test func `a program that ends before it serves is taken back`() throws {
        let former = try installation.servingWorker()
        try ControlClient(connectingTo: installation.socket).replace(
            ReplaceRequest(program: "/bin/false", arguments: ["false"]))
        _ = try installation.servingWorker(not: former)
        #expect(installation.daemonLog.contains("going back to the old one"))
        try expectReading()
        try endReader()
    }

    @Test func `without its keeper a daemon goes on, says so and is not replaced`() throws {
        let worker = try installation.servingWorker()
        installation.killDaemon()
        try expectReading()
        let status = try installation.imgfs("status").output
        #expect(status.contains("process \(worker)") && status.contains("GONE"), "\(status)")
        let refused = try installation.imgfs("daemon", "--replace")
        #expect(!refused.succeeded && refused.errors.contains("keeper is gone"), "\(refused.text)")
        try expectReading()
        try endReader()
        #expect(try installation.imgfs("daemon", "stop", "--unmount").succeeded)
        #expect(eventually { kill(worker, 0) != 0 })
    }

    @Test func `stop refuses, unmounts what is idle, and with force what is busy`() throws {
        let keeper = try #require(installation.daemon)
        #expect(try installation.imgfs("daemon", "stop").errors.contains("images are mounted"))
        try endReader()
        let busy = try Child(["sh", "-c", "cd '\(target)' && echo there && exec sleep 60"])
        #expect(eventually { busy.outputSoFar.contains("there") })
        let refused = try installation.imgfs("daemon", "stop", "--unmount")
        #expect(!refused.succeeded && refused.errors.contains("in use"), "\(refused.text)")
        busy.signal(SIGKILL)
        busy.wait()
        // One more in another mount namespace.
        let elsewhere = try installation.makeTarget()
        let hidden = try Child(
            [
                "unshare", "--mount", "--propagation", "private", "sh", "-euc",
                "mount -t fuse.imgfs '\(image.source)' '\(elsewhere)'; cat '\(elsewhere)/one'; exec sleep 60",
            ],
            environment: installation.environment)
        #expect(eventually(seconds: 20) { hidden.outputSoFar == "1\n" }, "\(hidden.errorsSoFar)")
        let stopped = try installation.imgfs("daemon", "stop", "--unmount")
        #expect(stopped.succeeded, "\(stopped.text)")
        #expect(keeper.wait(seconds: 20).succeeded)
        // Other tests' mounts came along into that namespace.
        let mounts = try output("cat", "/proc/\(hidden.pid)/mountinfo")
        #expect(!mounts.contains(target + " ") && !mounts.contains(elsewhere + " "))
        hidden.signal(SIGKILL)
        hidden.wait()
    }

    @Test func `the keeper is small`() throws {
        let keeper = try #require(installation.daemon).pid
        let rollup = readText("/proc/\(keeper)/smaps_rollup").split(separator: "\n")
        let line = try #require(rollup.first { $0.hasPrefix("Anonymous:") })
        let kilobytes = try #require(line.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        // Some 50 kB in a release build; a debug build has the Swift library's tables, too.
        #expect(kilobytes < 1_000 || isSanitized, "\(kilobytes) kB")
        try endReader()
    }
}
