import CLinux
import Glibc

/// A child process of a test, with its output in files, so that no reader is needed while it runs.
final class Child {
    let pid: pid_t
    let name: String
    private let output: String
    private let errors: String
    private var status: Int32?

    struct Outcome {
        /// Exit status, or 128 + the signal that ended the process, as a shell counts.
        var status: Int32
        var output: String
        var errors: String
        var succeeded: Bool { status == 0 }
        /// Both streams, for messages.
        var text: String { "status \(status)\n\(output)\(errors)" }
    }

    /// Starts `arguments[0]`, found in PATH, in a process group of its own.
    init(_ arguments: [String], environment: [String: String] = [:], input: String = "/dev/null") throws {
        name = arguments.joined(separator: " ")
        output = TestDirectory.uniquePath("out")
        errors = TestDirectory.uniquePath("err")

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)

        var variables: [String: String] = [:]
        for entry in Self.inheritedEnvironment() { variables[entry.0] = entry.1 }
        variables.merge(environment) { $1 }
        let strings = variables.map { "\($0.key)=\($0.value)" }

        var pid: pid_t = 0
        let code = withCStrings(arguments) { argv in
            withCStrings(strings) { envp in
                posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else { throw TestFailure("cannot start \(name): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    deinit {
        if status == nil {
            kill(-pid, SIGKILL)
            var ignored: Int32 = 0
            waitpid(pid, &ignored, 0)
        }
        unlink(output)
        unlink(errors)
    }

    func signal(_ number: Int32) { kill(pid, number) }

    var isRunning: Bool {
        if status != nil { return false }
        var raw: Int32 = 0
        guard waitpid(pid, &raw, WNOHANG) == pid else { return true }
        status = Self.decode(raw)
        return false
    }

    /// Waits for the end; a process that outlives `seconds` is killed and reported as status 124.
    @discardableResult
    func wait(seconds: Double = 60) -> Outcome {
        let deadline = now() + seconds
        while isRunning {
            if now() > deadline {
                kill(-pid, SIGKILL)
                var raw: Int32 = 0
                waitpid(pid, &raw, 0)
                status = 124
                break
            }
            usleep(2_000)
        }
        return Outcome(status: status ?? -1, output: readText(output), errors: readText(errors))
    }

    /// What the child has printed until now.
    var outputSoFar: String { readText(output) }
    var errorsSoFar: String { readText(errors) }

    private static func decode(_ raw: Int32) -> Int32 {
        raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
    }

    private static func inheritedEnvironment() -> [(String, String)] {
        ["PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS"].compactMap { name in
            getenv(name).map { (name, String(cString: $0)) }
        }
    }
}

/// Runs a program to its end.
@discardableResult
func run(
    _ arguments: String..., environment: [String: String] = [:], input: String = "/dev/null", seconds: Double = 60
) throws -> Child.Outcome {
    try Child(arguments, environment: environment, input: input).wait(seconds: seconds)
}

/// Runs a program that has to succeed, and returns what it printed.
@discardableResult
func output(
    _ arguments: String..., environment: [String: String] = [:], seconds: Double = 60
) throws -> String {
    let outcome = try Child(arguments, environment: environment).wait(seconds: seconds)
    guard outcome.succeeded else { throw TestFailure("\(arguments.joined(separator: " ")): \(outcome.text)") }
    return outcome.output
}

/// Runs a shell script that has to succeed, and returns what it printed.
@discardableResult
func shell(_ script: String, environment: [String: String] = [:], seconds: Double = 60) throws -> String {
    try output("sh", "-euc", script, environment: environment, seconds: seconds)
}

struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Whether the programs are built with a sanitizer, which takes memory and time of its own.
let isSanitized = getenv("IMGFS_TEST_SANITIZED") != nil

/// Seconds on the monotonic clock.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Waits until `condition` holds; false when it does not within `seconds`.
func eventually(seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = now() + seconds
    while true {
        if try condition() { return true }
        if now() > deadline { return false }
        usleep(10_000)
    }
}

private func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
) -> R {
    var pointers = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("the array has its closing nil") }
        return body(start)
    }
}
