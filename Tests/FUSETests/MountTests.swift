import CLinux
import Glibc
import Logging
import SystemPackage
import Testing

@testable import FUSE

private let canMount = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

/// Real mounts. The test's own threads never touch them: children do, while the pool's threads serve.
@Suite(.timeLimit(.minutes(1)), .enabled(if: canMount, "needs root and /dev/fuse"), .serialized)
struct MountTests {
    @Test func `mounts share one superblock and have their own source, flags and end`() throws {
        let pool = try WorkerPool(threads: 2)
        defer { pool.stop() }
        let fileSystem = TestFileSystem()
        let session = try FuseSession(
            fileSystem: fileSystem, pool: pool, logger: Logger(label: "test"), onEnd: {})
        let places = try MountPlaces(count: 2)
        defer { places.remove() }

        try places.attach(
            DetachedMount.make(session, sourceName: "first:tag", attributes: [.noSetUserID, .noDevices]), at: 0)
        try places.attach(DetachedMount.make(session, sourceName: "second:tag", attributes: [.noExecute]), at: 1)

        let table = run("/bin/cat", ["/proc/self/mountinfo"]).output.split(separator: "\n")
        let lines = places.paths.map { path in table.first { $0.contains(" \(path) ") } ?? "" }
        #expect(lines[0].contains("ro,nosuid,nodev,") && lines[0].contains("- fuse.imgfs first:tag ro,"))
        #expect(lines[1].contains("ro,noexec,") && lines[1].contains("- fuse.imgfs second:tag ro,"))
        #expect(lines[0].split(separator: " ")[2] == lines[1].split(separator: " ")[2])

        for path in places.paths {
            #expect(run("/bin/cat", ["\(path)/hello"]).output == "hello, world\n")
            #expect(run("/bin/ls", ["-A", path]).output == "hello\n")
            #expect(run("/usr/bin/touch", ["\(path)/new"]).status != 0)
            #expect(
                run("/usr/bin/stat", ["-c", "%F %a %u %g %s %i", "\(path)/hello"]).output
                    == "regular file 640 3 4 13 2\n")
        }
        let device = lines[0].split(separator: " ")[2]
        #expect(run("/bin/cat", ["/sys/class/bdi/\(device)/read_ahead_kb"]).output == "\(ReadAhead.byteCount >> 10)\n")

        places.detach(0)
        #expect(fileSystem.endCount == 0)
        #expect(run("/bin/cat", ["\(places.paths[1])/hello"]).output == "hello, world\n")
        places.detach(1)
        while fileSystem.endCount == 0 { usleep(1000) }
        #expect(throws: FuseError.sessionEnded) {
            try DetachedMount.make(session, sourceName: "late", attributes: [])
        }
        #expect(pool.sessionCount == 0)
    }

    @Test func `a mount that is never attached ends with its descriptor`() throws {
        let pool = try WorkerPool(threads: 1)
        defer { pool.stop() }
        let fileSystem = TestFileSystem()
        let session = try FuseSession(
            fileSystem: fileSystem, pool: pool, logger: Logger(label: "test"), onEnd: {})
        let mount = try DetachedMount.make(session, sourceName: "x", attributes: [])
        try mount.close()
        while fileSystem.endCount == 0 { usleep(1000) }
    }

    @Test func `a killed waiter returns at once, a harmless signal disturbs nobody`() throws {
        let pool = try WorkerPool(threads: 2)
        defer { pool.stop() }
        let fileSystem = TestFileSystem()
        let session = try FuseSession(
            fileSystem: fileSystem, pool: pool, logger: Logger(label: "test"), onEnd: {})
        let places = try MountPlaces(count: 1)
        defer { places.remove() }
        try places.attach(DetachedMount.make(session, sourceName: "x", attributes: []), at: 0)
        let path = "\(places.paths[0])/slow"

        // SIGTERM ends the first; SIGKILL the second, although it got a signal that it ignores before.
        let first = Child("/bin/cat", [path])
        while fileSystem.parkedCount < 1 { usleep(1000) }
        kill(first.process, SIGTERM)
        #expect(first.wait().status == SIGTERM)

        let second = Child("/bin/cat", [path])
        while fileSystem.parkedCount < 1 { usleep(1000) }
        for _ in 0..<10 {
            kill(second.process, SIGWINCH)
            kill(second.process, SIGURG)
            usleep(5000)
        }
        #expect(fileSystem.parkedCount == 1)
        kill(second.process, SIGKILL)
        #expect(second.wait().status == SIGKILL)

        let third = Child("/bin/cat", [path])
        while fileSystem.parkedCount < 1 { usleep(1000) }
        kill(third.process, SIGURG)
        fileSystem.release()
        let result = third.wait()
        #expect(result.status == 0 && result.output == "hello, world\n")
        #expect(session.interrupts.count == 0)
    }
}
