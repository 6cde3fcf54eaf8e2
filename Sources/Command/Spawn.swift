import CLinux
import Glibc
import SystemPackage

/// Starts another program, posix_spawn(3). Forking is not for a process with a Swift runtime.
struct Spawn {
    var program: String
    /// With the program's name first.
    var arguments: [String]
    var environment: [String: String]
    /// Standard streams not named here are /dev/null. Every other descriptor is closed.
    var descriptors: [(source: FileDescriptor, target: Int32)] = []
    /// Appended to by standard error, instead of /dev/null.
    var errorLog: String?
    /// A session and a process group of its own, no terminal, `/` as working directory, no blocked signals.
    var isDetached = false

    /// Returns the process id.
    func start() throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        // Copies high up cannot be overwritten by the target of another one.
        let copies = descriptors.map { (fcntl($0.source.rawValue, F_DUPFD_CLOEXEC, 64), $0.target) }
        defer { for (copy, _) in copies where copy >= 0 { close(copy) } }
        for target in STDIN_FILENO...STDERR_FILENO {
            posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
        }
        if let errorLog {
            posix_spawn_file_actions_addopen(
                &actions, STDERR_FILENO, errorLog, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
        }
        for (copy, target) in copies {
            if copy < 0 { throw .tooManyOpenFiles }
            posix_spawn_file_actions_adddup2(&actions, copy, target)
        }
        let highest = descriptors.map(\.target).max() ?? STDERR_FILENO
        posix_spawn_file_actions_addclosefrom_np(&actions, max(highest, STDERR_FILENO) + 1)
        if isDetached {
            posix_spawn_file_actions_addchdir_np(&actions, "/")
            detach(&attributes)
        }
        var child = pid_t()
        let error = Self.withStrings(arguments) { arguments in
            Self.withStrings(environment.map { $0 + "=" + $1 }) { environment in
                posix_spawnp(&child, program, &actions, &attributes, arguments, environment)
            }
        }
        guard error == 0 else { throw Errno(rawValue: error) }
        return child
    }

    private func detach(_ attributes: inout posix_spawnattr_t) {
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        // POSIX_SPAWN_SETSID is 0x80; Glibc hides it from programs without _GNU_SOURCE.
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | 0x80
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    /// Waits until the process has ended, for at most `seconds`. True: with exit code 0.
    static func succeeded(_ process: pid_t, seconds: Int) -> Bool {
        for _ in 0..<(seconds * 100) {
            var status: Int32 = 0
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return status == 0 }
            if ended < 0 && errno != EINTR { return false }
            usleep(10_000)
        }
        return false
    }

    private static func withStrings<R>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
    ) -> R {
        let pointers = strings.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}
