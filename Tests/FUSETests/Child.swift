import CLinux
import Glibc
import SystemPackage
import TestSupport

/// A program that a test runs, with its output.
final class Child {
    let process: pid_t
    private let output: FileDescriptor

    struct Result { var status: Int32, output: String }

    init(_ program: String, _ arguments: [String]) {
        var pipe: [Int32] = [-1, -1]
        precondition(Glibc.pipe(&pipe) == 0)
        for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // The test's threads block most signals, which children would inherit.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var process = pid_t()
        precondition(posix_spawn(&process, program, &actions, &attributes, &argv, environ) == 0, program)
        for argument in argv { free(argument) }
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        close(pipe[1])
        self.process = process
        output = FileDescriptor(rawValue: pipe[0])
    }

    /// The exit status, or the signal that ended it.
    func wait() -> Result {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(output.rawValue, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        close(output.rawValue)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        let code = status & 0x7f == 0 ? status >> 8 & 0xff : status & 0x7f
        return Result(status: code, output: String(decoding: text, as: UTF8.self))
    }
}

func run(_ program: String, _ arguments: [String]) -> Child.Result { Child(program, arguments).wait() }

/// Empty directories for mounts of a test.
struct MountPlaces {
    let paths: [String]
    private let directory = TemporaryDirectory()

    init(count: Int) throws {
        guard chmod(directory.path, 0o755) == 0 else { throw Errno(rawValue: errno) }
        paths = (0..<count).map { [directory] in directory("\($0)") }
        for path in paths where mkdir(path, 0o755) != 0 { throw Errno(rawValue: errno) }
    }

    /// Puts a detached mount in place and closes its descriptor.
    func attach(_ mount: FileDescriptor, at index: Int) throws {
        let result = imgfs_move_mount(
            mount.rawValue, "", AT_FDCWD, paths[index], UInt32(MOVE_MOUNT_F_EMPTY_PATH))
        let code = errno
        try mount.close()
        if result != 0 { throw Errno(rawValue: code) }
    }

    func detach(_ index: Int) { _ = run("/bin/umount", ["-l", paths[index]]) }

    func remove() {
        for index in paths.indices { detach(index) }
    }
}
