import Glibc
import OCI
import Testing

/// The daemon as systemd would run it; a script plays systemd's part of the protocol.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ServiceManagerTests {
    @Test func `mounts outlive the daemon in systemd's descriptor store`() throws {
        let image = try TestImage(scripts: ["head -c 300000 /dev/urandom >f; echo 1 >one"])
        let installation = try Installation()
        let manager = try Child(
            [
                "Tests/Tools/service-manager", installation.directory.path("notify"), Installation.binary, "daemon",
                "--root", installation.root, "--socket", installation.socket,
            ], environment: ["SWIFT_BACKTRACE": "enable=no"])
        func worker() -> pid_t? {
            readText("/proc/\(manager.pid)/task/\(manager.pid)/children").split(separator: " ").first
                .flatMap { pid_t($0) }
        }
        func starts() -> Int { manager.outputSoFar.split(separator: "\n").count { $0.hasPrefix("READY") } }
        #expect(eventually(seconds: 20) { starts() == 1 }, "\(manager.errorsSoFar)")
        let target = try installation.mount(image.source)
        let sum = try String(output("sha256sum", image.directory.path("tree0/f")).split(separator: " ")[0]) + "  -"
        let reader = try SteadyReader(target + "/f", sum: sum, in: installation.directory)
        #expect(eventually(seconds: 20) { reader.passCount > 0 })
        for (number, signal) in [SIGKILL, SIGTERM, SIGSEGV].enumerated() {
            kill(try #require(worker()), signal)
            #expect(eventually(seconds: 20) { starts() == number + 2 }, "\(manager.outputSoFar)\(manager.errorsSoFar)")
            let before = reader.passCount
            #expect(eventually(seconds: 20) { reader.passCount > before })
        }
        let outcome = try reader.end()
        #expect(outcome.succeeded, "\(outcome.text)")
        #expect(manager.outputSoFar.contains("END 75"), "it left its mounts when it was told to end")
        #expect(try installation.imgfs("status").output.contains("systemd, 2 daemons died"))
        #expect(try installation.imgfs("daemon", "--replace").errors.contains("systemctl restart"))
        #expect(try installation.imgfs("daemon", "stop", "--unmount").succeeded)
        let end = manager.wait(seconds: 20)
        #expect(end.succeeded && end.output.hasSuffix("END 0\n"), "\(end.text)")
    }
}
