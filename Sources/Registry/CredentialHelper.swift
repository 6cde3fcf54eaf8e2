import CLinux
import FoundationEssentials
import Glibc

/// A program `docker-credential-<name>` that keeps secrets elsewhere. Asked with `get`, the server on standard input.
/// See github.com/docker/docker-credential-helpers.
struct CredentialHelper {
    static let timeoutSeconds: Double = 10
    static let maximumOutputBytes = 64 * 1024

    private struct Answer: Decodable {
        var username: String
        var secret: String

        enum CodingKeys: String, CodingKey {
            case username = "Username"
            case secret = "Secret"
        }
    }

    private let program: String
    private let home: String?

    /// `name` comes from a file: only a plain name, looked up in PATH, is accepted.
    init(name: String, home: String?) throws(CredentialError) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard !name.isEmpty, isPlain else {
            throw CredentialError(
                description: "'\(displayable(name, maximum: 64))' cannot be the name of a credential helper")
        }
        self.init(program: "docker-credential-" + name, home: home)
    }

    /// `program` is looked up in PATH when it has no slash.
    init(program: String, home: String?) {
        self.program = program
        self.home = home
    }

    /// Nil when the helper says that it has none. Blocks for at most `timeoutSeconds`.
    func credentials(server: String, timeoutSeconds: Double = timeoutSeconds) throws(CredentialError) -> Credentials? {
        let (status, output) = try run(input: server, timeoutSeconds: timeoutSeconds)
        guard status == 0 else {
            let said = displayable(String(decoding: output, as: UTF8.self), maximum: 200)
            if said.contains("credentials not found") { return nil }
            throw CredentialError(description: "\(program) failed for \(server): \(said)")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output)) else {
            throw CredentialError(description: "\(program) gave no answer that can be understood for \(server)")
        }
        guard !answer.secret.isEmpty else { return nil }
        let isToken = answer.username == "<token>"
        return Credentials(
            username: isToken ? "" : answer.username, secret: answer.secret, isIdentityToken: isToken, origin: program)
    }

    private func run(input: String, timeoutSeconds: Double) throws(CredentialError) -> (status: Int32, output: [UInt8])
    {
        let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
        let question = try ClosingPipe(program)
        let answer = try ClosingPipe(program)
        // A pipe takes at least 4096 bytes without a reader; a host name is shorter.
        let bytes = Array(input.utf8.prefix(4096))
        guard write(question.writeEnd, bytes, bytes.count) == bytes.count else {
            throw CredentialError(description: "cannot run \(program): \(String(cString: strerror(errno)))")
        }
        let child = try spawn(input: question.readEnd, output: answer.writeEnd)
        question.close()
        answer.closeWriteEnd()
        let output = read(answer.readEnd, until: deadline)
        guard let output, let status = reap(child, until: deadline) else {
            kill(child, SIGKILL)
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            throw CredentialError(
                description: "\(program) did not answer within \(Int(timeoutSeconds)) s, or answered too much")
        }
        return (status, output)
    }

    private func spawn(input: Int32, output: Int32) throws(CredentialError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The daemon's signal mask and ignored signals are none of the helper's business.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup("get"), nil]
        var variables = environment().map { strdup($0) } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, program, &actions, &attributes, &arguments, &variables)
        guard code == 0 else {
            throw CredentialError(description: "cannot run \(program): \(String(cString: strerror(code)))")
        }
        return child
    }

    private func environment() -> [String] {
        var result: [String] = []
        var next = environ
        while let variable = next.pointee {
            result.append(String(cString: variable))
            next += 1
        }
        guard let home else { return result }
        return result.filter { !$0.hasPrefix("HOME=") } + ["HOME=" + home]
    }

    /// Nil when the time is over or the answer too long.
    private func read(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { return nil }
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&request, 1, Int32(left.rounded(.up)))
            if ready < 0, errno != EINTR { return nil }
            if ready <= 0 { continue }
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno != EINTR { return nil }
            if count == 0 { return bytes }
            if count > 0 { bytes += piece[..<count] }
            guard bytes.count <= Self.maximumOutputBytes else { return nil }
        }
    }

    /// The exit status; nil when the time is over first. The helper has closed its output and is about to end.
    private func reap(_ child: pid_t, until deadline: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        while true {
            let result = waitpid(child, &status, WNOHANG)
            if result == child { return status }
            if result < 0, errno != EINTR { return status }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(2_000)
        }
    }
}

/// A pipe whose ends are closed with it.
private final class ClosingPipe {
    private(set) var readEnd: Int32 = -1
    private(set) var writeEnd: Int32 = -1

    init(_ program: String) throws(CredentialError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw CredentialError(description: "cannot run \(program): \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit { close() }

    func close() {
        if readEnd >= 0 { _ = Glibc.close(readEnd) }
        readEnd = -1
        closeWriteEnd()
    }

    func closeWriteEnd() {
        if writeEnd >= 0 { _ = Glibc.close(writeEnd) }
        writeEnd = -1
    }
}
