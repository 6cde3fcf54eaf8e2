import Glibc

/// The daemon under its keeper, which the test runs in the foreground.
extension Installation {
    /// Starts a keeper; returns when its daemon serves.
    func startKeeper(_ options: String..., environment more: [String: String] = [:]) throws {
        try startDaemon(["--keeper"] + options, environment: more)
    }

    /// The daemon's process; nil while there is none.
    var worker: pid_t? {
        guard let keeper = daemon?.pid else { return nil }
        return readText("/proc/\(keeper)/task/\(keeper)/children").split(separator: " ").first.flatMap { pid_t($0) }
    }

    /// The daemon's process, once it serves.
    func servingWorker(not former: pid_t? = nil) throws -> pid_t {
        var found: pid_t?
        let serves = try eventually(seconds: 30) {
            guard let worker, worker != former else { return false }
            found = worker
            return try imgfs("status", "--json").output.filter { !$0.isWhitespace }.contains("\"processID\":\(worker)")
        }
        guard serves, let found else { throw TestFailure("no daemon serves: \(daemonLog)") }
        return found
    }

    /// Sends a signal to the daemon, if there is one right now.
    @discardableResult
    func signalWorker(_ number: Int32) -> Bool { worker.map { kill($0, number) == 0 } ?? false }
}

/// A process that reads a file again and again, past the page cache, and compares what it reads.
final class SteadyReader {
    private let child: Child
    private let stop: String
    private let passes: String

    /// `sum`: of the file, as sha256sum(1) prints it.
    init(_ file: String, sum: String, in directory: TestDirectory) throws {
        stop = TestDirectory.uniquePath("stop")
        passes = TestDirectory.uniquePath("passes")
        let script = """
            while [ ! -e "$stop" ]; do
                sum=$(dd if="$file" iflag=direct bs=64k 2>>"$passes.err" | sha256sum)
                if [ "$sum" != "$want" ]; then echo "read $sum, not $want"; cat "$passes.err"; exit 1; fi
                stat "$file" >/dev/null
                ls -l "${file%/*}" >/dev/null
                echo >>"$passes"
            done
            """
        child = try Child(
            ["sh", "-euc", script], environment: ["stop": stop, "passes": passes, "file": file, "want": sum])
    }

    deinit {
        for path in [stop, passes, passes + ".err"] { unlink(path) }
    }

    /// How often the whole file was read.
    var passCount: Int { readBytes(passes).count }

    /// Ends it; succeeds when it saw nothing but the right content.
    func end() throws -> Child.Outcome {
        try write("", to: stop)
        return child.wait(seconds: 60)
    }
}
