import Content
import FUSE
import Glibc
import Logging
import OCI
import Snapshot
import Synchronization
import SystemPackage
import Testing

@testable import ImageFS

private let canMount = geteuid() == 0 && access("/dev/fuse", R_OK | W_OK) == 0

/// An image on a real mount, looked at by children.
@Suite(.timeLimit(.minutes(1)), .enabled(if: canMount, "needs root and /dev/fuse"), .serialized)
final class MountedImageTests {
    private final class Opens: Sendable {
        private let number = Atomic(0)
        func add() { number.wrappingAdd(1, ordering: .relaxed) }
        var count: Int { number.load(ordering: .relaxed) }
    }

    private let opens = Opens()
    private let fixture: ImageFixture
    private let fileSystem: ImageFileSystem
    private let pool: WorkerPool
    private let session: FuseSession
    private let places: MountPlaces
    private var root: String { places.paths[0] }

    init() throws {
        fixture = try ImageFixture()
        (fileSystem, pool, session, places) = try Self.mount(fixture, opens)
    }

    private static func mount(
        _ fixture: ImageFixture, _ opens: Opens
    ) throws -> (ImageFileSystem, WorkerPool, FuseSession, MountPlaces) {
        let fileSystem = ImageFileSystem(chainID: fixture.chainID, logger: Logger(label: "test")) { opens.add() }
        let pool = try WorkerPool(threads: 2)
        let session = try FuseSession(fileSystem: fileSystem, pool: pool, logger: Logger(label: "test"), onEnd: {})
        let places = try MountPlaces(count: 1)
        try places.attach(DetachedMount.make(session, sourceName: "test", attributes: []), at: 0)
        return (fileSystem, pool, session, places)
    }

    deinit {
        fileSystem.fail(.ioError)
        places.remove()
        pool.stop()
    }

    private func publish() { fileSystem.publish(tree: fixture.tree, layers: fixture.layers) }

    private func waitUntil(waiting count: Int) {
        while fileSystem.waitingCount != count { usleep(1000) }
    }

    @Test func `a request that comes late, when the session has ended, waits for nobody`() {
        fileSystem.sessionEnded()
        #expect(run("/bin/cat", ["\(root)/hello"]).status != 0)
        #expect(opens.count == 0)
        #expect(fileSystem.waitingCount == 0)
    }

    @Test func `looking at the mount point opens nothing`() {
        #expect(run("/usr/bin/stat", ["-c", "%F %a %h %i", root]).output == "directory 755 2 1\n")
        #expect(run("/bin/ls", ["-ld", root]).status == 0)
        #expect(run("/bin/df", [root]).status == 0)
        #expect(run("/usr/bin/stat", ["-f", "-c", "%b %f %c %d %l", root]).output == "0 0 0 0 255\n")
        #expect(run("/usr/bin/test", ["-d", root]).status == 0)
        #expect(opens.count == 0 && fileSystem.waitingCount == 0)
    }

    @Test func `everybody waits on one opening and gets the answer`() {
        let readers = (0..<20).map { number in
            number % 2 == 0 ? Child("/bin/cat", ["\(root)/hello"]) : Child("/bin/ls", ["\(root)/many"])
        }
        while opens.count == 0 { usleep(1000) }
        usleep(50_000)
        publish()
        for (number, reader) in readers.enumerated() {
            let result = reader.wait()
            #expect(result.status == 0)
            #expect(result.output.hasPrefix(number % 2 == 0 ? "hello, world\n" : "0000\n0001\n"))
        }
        #expect(opens.count == 1 && fileSystem.waitingCount == 0)
    }

    @Test func `a failure reaches all who wait, and the next access tries again`() {
        let path = "\(root)/hello"
        let script = "import os,sys\ntry: os.stat('\(path)')\nexcept OSError as e: sys.exit(e.errno)"
        let first = Child("/usr/bin/env", ["python3", "-c", script])
        waitUntil(waiting: 1)
        fileSystem.fail(FailureKind.unreachable.readerErrno)
        #expect(first.wait().status == ETIMEDOUT)
        #expect(opens.count == 1)

        let second = Child("/bin/cat", [path])
        waitUntil(waiting: 1)
        #expect(opens.count == 2)
        publish()
        #expect(second.wait().output == "hello, world\n")
    }

    @Test func `a killed waiter disturbs nobody`() {
        let killed = Child("/bin/cat", ["\(root)/hello"])
        waitUntil(waiting: 1)
        let other = Child("/usr/bin/sha256sum", ["\(root)/big"])
        waitUntil(waiting: 2)
        kill(killed.process, SIGKILL)
        #expect(killed.wait().status == SIGKILL)
        waitUntil(waiting: 1)
        publish()
        #expect(other.wait().output.hasPrefix(SHA256.digest(of: ImageFixture.big).hex))
        #expect(opens.count == 1)
        #expect(run("/bin/cat", ["\(root)/hello"]).output == "hello, world\n")
    }

    @Test func `the kernel shows the image as it is`() {
        publish()
        #expect(
            run("/usr/bin/stat", ["-c", "%F %a %u %g %s %Y %h", "\(root)/hello"]).output
                == "regular file 640 3 4 13 1600000000 1\n")
        #expect(run("/bin/readlink", ["\(root)/link"]).output == "hello\n")
        #expect(run("/usr/bin/find", [root, "-name", "0*", "-type", "f"]).output.split(separator: "\n").count == 300)
        #expect(run("/usr/bin/sha256sum", ["\(root)/big"]).output.hasPrefix(SHA256.digest(of: ImageFixture.big).hex))
        #expect(run("/usr/bin/stat", ["-c", "%F %t:%T", "\(root)/null"]).output == "character special file 1:3\n")
        #expect(run("/usr/bin/stat", ["-f", "-c", "%f %c %l", root]).output == "0 \(fixture.tree.inodeCount) 255\n")
        let script = """
            import os
            f = os.open('\(root)/sparse', os.O_RDONLY)
            print(os.lseek(f, 0, os.SEEK_DATA), os.lseek(f, 1 << 20, os.SEEK_HOLE), os.getxattr('\(root)/hello', 'user.colour'))
            print(os.listxattr('\(root)/hello'), os.listxattr('\(root)'))
            for action in [lambda: os.mkdir('\(root)/x'), lambda: os.unlink('\(root)/hello'),
                           lambda: os.open('\(root)/hello', os.O_WRONLY), lambda: os.utime('\(root)/hello')]:
                try: action()
                except OSError as e: print(e.errno, end=' ')
            """
        #expect(
            run("/usr/bin/env", ["python3", "-c", script]).output
                == "1048576 1048580 b'green'\n['user.colour'] []\n30 30 30 30 ")
        #expect(opens.count == 0)
    }

    @Test func `programs lock, map, send and name files as on a local file system`() {
        publish()
        let script = """
            import ctypes, fcntl, mmap, os, struct, tempfile
            path = b'\(root)/hello'
            f = os.open(path, os.O_RDONLY)
            fcntl.flock(f, fcntl.LOCK_EX)
            fcntl.lockf(f, fcntl.LOCK_SH)
            print(bytes(mmap.mmap(f, 0, prot=mmap.PROT_READ)))
            with tempfile.TemporaryFile() as out:
                print(os.sendfile(out.fileno(), f, 0, 100))
            try: fcntl.ioctl(f, 0x80086601, bytes(8))
            except OSError as e: print(os.strerror(e.errno))
            libc = ctypes.CDLL(None, use_errno=True)
            handle = ctypes.create_string_buffer(struct.pack('Ii', 128, 0) + bytes(128))
            mount = ctypes.c_int()
            print(libc.name_to_handle_at(-100, path, handle, ctypes.byref(mount), 0))
            os.close(f)
            root = os.open(b'\(root)', os.O_RDONLY)
            g = libc.open_by_handle_at(root, handle, os.O_RDONLY)
            print(g >= 0 and os.read(g, 100))
            p = os.open(path, os.O_PATH)
            print(os.fstat(p).st_size, os.statvfs(path).f_flag & os.ST_RDONLY)
            """
        #expect(
            run("/usr/bin/env", ["python3", "-c", script]).output.split(separator: "\n") == [
                "b'hello, world\\n'", "13", "Inappropriate ioctl for device", "0", "b'hello, world\\n'", "13 1",
            ])
    }

    @Test func `an overlay on top copies up and hides`() throws {
        publish()
        let script = """
            set -e
            cd "$1"; mkdir top; mount -t tmpfs none top; mkdir top/upper top/work top/merged
            mount -t overlay -o "lowerdir=$2,upperdir=top/upper,workdir=top/work" overlay top/merged
            echo more >> top/merged/hello; rm top/merged/big; mv top/merged/link top/merged/other
            cat top/merged/other; ls top/merged | tr '\\n' ' '; stat -c '%a %u %g' top/merged/hello
            umount top/merged; umount top; rmdir top
            """
        let directory = String(root.dropLast(2))
        let result = run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, "sh", directory, root])
        #expect(result.output == "hello, world\nmore\nempty hello many null other sparse 640 3 4\n")
        rmdir("\(directory)/top")
    }

    /// Who may not: a look-up and a listing. Who may: the same, at the first access, whatever the kernel tells of them.
    @Test(arguments: [
        (0o700, 1000, "stat", 1), (0o700, 1000, "ls", 2), (0o700, 0, "stat", 0), (0o700, 0, "ls", 0),
        (0o711, 1000, "stat", 0), (0o711, 1000, "ls", 2), (0o744, 1000, "ls", 0), (0o744, 1000, "stat", 1),
    ])
    func `a narrower root keeps strangers out from the first access on`(
        _ mode: UInt16, _ user: Int, _ program: String, _ status: Int32
    ) throws {
        let opens = Opens()
        let fixture = try ImageFixture(rootMode: mode)
        let (fileSystem, pool, _, places) = try Self.mount(fixture, opens)
        defer {
            places.remove()
            pool.stop()
        }
        let path = places.paths[0] + (program == "stat" ? "/empty" : "")
        let caller = Child(
            "/usr/bin/setpriv", ["--reuid", "\(user)", "--clear-groups", "/usr/bin/\(program)", path])
        while opens.count == 0 { usleep(1000) }
        fileSystem.publish(tree: fixture.tree, layers: fixture.layers)
        #expect(caller.wait().status == status)
        #expect(run("/usr/bin/ls", [places.paths[0]]).status == 0)
    }
}
