import CLinux
import Content
import Control
import Glibc
import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing
import Threads

@testable import Command

/// Grants mounts of an empty tmpfs.
private final class TmpfsService: ControlService {
    let requests = Mutex<[MountRequest]>([])
    let reports = Mutex<[MountReport]>([])

    struct Refusal: DescribedError {
        var kind = FailureKind.notFound
        var description = "docker.io/library/nothing:latest: no such repository"
    }

    func mount(_ request: MountRequest, from caller: Caller) async throws -> MountGrant {
        requests.withLock { $0.append(request) }
        if request.image.source == "nothing" { throw Refusal() }
        let context = imgfs_fsopen("tmpfs", UInt32(FSOPEN_CLOEXEC))
        _ = imgfs_fsconfig(context, UInt32(FSCONFIG_SET_STRING.rawValue), "source", request.sourceName, 0)
        _ = imgfs_fsconfig(context, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0)
        let mount = imgfs_fsmount(context, UInt32(FSMOUNT_CLOEXEC), UInt32(MOUNT_ATTR_RDONLY))
        close(context)
        let digest = SHA256.digest(of: [])
        return MountGrant(
            descriptor: FileDescriptor(rawValue: mount),
            details: MountDetails(
                id: 5, name: request.image.source, platform: "linux/amd64", rootDigest: digest, manifestDigest: digest,
                chainID: digest, layerCount: 1))
    }

    func attached(_ report: MountReport, from caller: Caller) async { reports.withLock { $0.append(report) } }

    func pull(
        _ request: PullRequest, from caller: Caller, events: @escaping @Sendable (PullEvent) -> Void
    ) async throws -> ImageSummary { throw Refusal() }
    func images() async throws -> [ImageRecord] { [] }
    func mounts() async throws -> [MountRecord] { [] }
    func inspect(_ request: SourceRequest, from caller: Caller) async throws -> ImageInspection { throw Refusal() }
    func explain(_ request: ExplainRequest) async throws -> Explanation { throw Refusal() }
    func status() async throws -> DaemonStatus { throw Refusal() }
    func waits() async throws -> [WaitRecord] { [] }
    func remove(_ request: RemoveRequest, from caller: Caller) async throws -> RemoveResult { throw Refusal() }
    func prune(_ request: PruneRequest, from caller: Caller) async throws -> PruneResult { throw Refusal() }
    func verify(events: @escaping @Sendable (VerifyEvent) -> Void) async throws -> VerifyResult { throw Refusal() }
    func stop(_ request: StopRequest, from caller: Caller) async throws {}
    func replace(_ request: ReplaceRequest, from caller: Caller) async throws {}
}

/// A directory with a socket and an empty directory `m`; what is mounted there goes with it.
private final class MountScratch: Sendable {
    private let directory = TemporaryDirectory()
    var path: String { directory.path }
    var target: String { directory("m") }
    var socket: String { directory("s") }

    init() { mkdir(target, 0o755) }

    deinit { while umountIfMounted() {} }

    func topMost() -> MountTableEntry? {
        MountTable(parsing: ProcessFiles.text("/proc/self/mountinfo") ?? "").topMost(at: target)
    }

    func umountIfMounted() -> Bool { topMost() != nil && imgfs_umount(target, Detach.flag) == 0 }
}

private let canMount: Bool = {
    let context = imgfs_fsopen("tmpfs", UInt32(FSOPEN_CLOEXEC))
    if context >= 0 { close(context) }
    return context >= 0 && geteuid() == 0
}()

@Suite(.enabled(if: canMount, "mounting needs root"), .timeLimit(.minutes(1)))
struct MountHelperTests {
    private let scratch = MountScratch()
    private let service = TmpfsService()

    /// Runs the helper on a thread of its own, with a server to talk to: it blocks.
    private func run(_ arguments: String...) async throws -> Int32 {
        let server = try ControlServer(try ListeningSocket.open(scratch.socket, inherited: []), service: service)
        try server.start()
        defer { server.stop() }
        let environment = ["IMGFS_SOCKET": scratch.socket, "IMGFS_ROOT": scratch.path]
        return try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try Thread.start(name: "helper") {
                    continuation.resume(
                        returning: MountHelper(program: "test", environment: environment).run(arguments))
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    @Test func `An image is attached at its target, and the daemon is told where`() async throws {
        #expect(try await run("redis:7", scratch.target, "-o", "rw,noexec,pull=never") == 0)
        let entry = try #require(scratch.topMost())
        #expect(entry.source == "redis:7")
        let request = try #require(service.requests.withLock { $0.first })
        #expect(request.target == scratch.target)
        #expect(request.image.pull == .never)
        #expect(request.flags.noExecute)
        #expect(!request.flags.allowsSetUserID && !request.flags.allowsDevices)
        let report = try #require(service.reports.withLock { $0.first })
        #expect(report.id == 5)
        #expect(report.target.path == scratch.target)
        #expect(report.target.mountID == entry.mountID)
        #expect(report.target.mountNamespace == ProcessFiles.mountNamespace())
    }

    @Test func `A target may be a directory that is open already, or a symbolic link`() async throws {
        let directory = open(scratch.target, O_RDONLY | O_DIRECTORY)
        defer { close(directory) }
        #expect(try await run("redis", "/dev/fd/\(directory)", "-o", "rw,dev,suid") == 0)
        #expect(scratch.topMost()?.source == "redis")
        #expect(service.requests.withLock { $0.first?.flags.allowsDevices } == true)
        let link = scratch.path + "/link"
        symlink(scratch.target, link)
        defer { unlink(link) }
        #expect(try await run("second", link) == 0)
        #expect(scratch.topMost()?.source == "second")
    }

    @Test func `What cannot be resolved is a mount failure and mounts nothing`() async throws {
        #expect(try await run("nothing", scratch.target) == 32)
        #expect(scratch.topMost() == nil)
    }

    @Test func `A wrong target or option fails before the daemon is asked`() async throws {
        #expect(try await run("redis", scratch.path + "/missing") == 32)
        #expect(try await run("redis", "/etc/passwd") == 32)
        #expect(try await run("redis", scratch.target, "-o", "nosuch") == 1)
        #expect(try await run("redis") == 1)
        #expect(service.requests.withLock { $0.isEmpty })
    }

    @Test func `A fake mount mounts nothing`() async throws {
        #expect(try await run("redis", scratch.target, "-f") == 0)
        #expect(service.requests.withLock { $0.isEmpty })
        #expect(scratch.topMost() == nil)
    }

    @Test func `A mount of the same source whose daemon is gone is replaced`() async throws {
        try attachDeadMount(source: "redis:7")
        #expect(scratch.topMost()?.type == "fuse.imgfs")
        #expect(try await run("redis:7", scratch.target) == 0)
        #expect(scratch.topMost()?.type == "tmpfs")
        #expect(scratch.umountIfMounted())
        #expect(scratch.topMost() == nil, "nothing was stacked")
    }

    @Test func `Another mount at the target is covered`() async throws {
        #expect(try await run("first", scratch.target) == 0)
        #expect(try await run("second", scratch.target) == 0)
        #expect(scratch.umountIfMounted())
        #expect(scratch.topMost()?.source == "first")
    }

    /// A mount of type fuse.imgfs that nobody serves any more.
    private func attachDeadMount(source: String) throws {
        let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        try #require(device >= 0)
        let context = imgfs_fsopen("fuse", UInt32(FSOPEN_CLOEXEC))
        let text = UInt32(FSCONFIG_SET_STRING.rawValue)
        for (key, value) in [
            ("source", source), ("subtype", "imgfs"), ("fd", "\(device)"), ("rootmode", "40000"), ("user_id", "0"),
            ("group_id", "0"),
        ] { try #require(imgfs_fsconfig(context, text, key, value, 0) == 0, "\(key)") }
        try #require(imgfs_fsconfig(context, UInt32(FSCONFIG_CMD_CREATE.rawValue), nil, nil, 0) == 0)
        let mount = imgfs_fsmount(context, UInt32(FSMOUNT_CLOEXEC), 0)
        let flags = UInt32(MOVE_MOUNT_F_EMPTY_PATH)
        try #require(imgfs_move_mount(mount, "", AT_FDCWD, scratch.target, flags) == 0)
        close(mount)
        close(context)
        close(device)
    }
}
