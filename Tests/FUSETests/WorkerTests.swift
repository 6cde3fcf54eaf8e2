import CFuse
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FUSE

@Suite(.timeLimit(.minutes(1)))
struct WorkerTests {
    private static let reader: Int32 = 0x7fff_fff0

    private func slowRead() -> [UInt8] {
        var arguments = fuse_read_in()
        arguments.offset = TestFileSystem.slowOffset
        arguments.size = 4096
        return bytes(of: arguments)
    }

    @Test func `while one request waits for the disk another thread answers the same reader`() throws {
        let wire = try WireSession()
        for _ in 0..<20 {
            // The reader is busy, so that its thread leads the session.
            for _ in 0..<40 {
                wire.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader)
                _ = try wire.receive()
            }
            let slow = wire.send(FUSE_READ, node: 2, slowRead(), thread: Self.reader)
            let quick = wire.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader)
            #expect(try wire.receive().unique == quick)
            wire.fileSystem.disk.send()
            #expect(try wire.receive().unique == slow)
        }
    }

    @Test func `a busy reader is served by one thread`() throws {
        let latency = WakeLatency(processorCount: 1, driver: "", device: "")
        let wire = try WireSession(
            pool: WorkerPool(threads: 4, wakeLatency: latency, busyPauseNanoseconds: .max))
        let requestCount = 100
        let threads = Mutex<[pthread_t]>([])
        wire.fileSystem.onGetattr.withLock {
            $0 = { _ in
                threads.withLock { $0.append(pthread_self()) }
                // Long enough for others to come, if they were woken.
                usleep(200)
            }
        }
        for _ in 0..<requestCount { wire.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader) }
        for _ in 0..<requestCount { #expect(try wire.receive().error == 0) }
        // Each of the four may have one before the second of its own.
        let served = threads.withLock { $0.suffix(requestCount - 8) }
        #expect(Set(served).count == 1)
    }

    @Test func `processors may sleep again although requests trickle in`() throws {
        let directory = TemporaryDirectory()
        #expect(creat(directory("latency"), 0o600) >= 0)
        let latency = WakeLatency(processorCount: 2, driver: "haltpoll", device: directory("latency"))
        let wire = try WireSession(pool: WorkerPool(threads: 4, wakeLatency: latency, busyPauseNanoseconds: .max))
        for _ in 0..<200 { wire.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader) }
        for _ in 0..<200 { _ = try wire.receive() }
        // Each of another reader, and each before the time is over.
        for reader in 1...2000 as ClosedRange<Int32> where latency.isHeld {
            wire.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: reader)
            _ = try wire.receive()
            usleep(2000)
        }
        #expect(!latency.isHeld)
        var status = stat()
        #expect(stat(directory("latency"), &status) == 0 && status.st_size == 4, "it was asked for")
    }

    @Test func `a busy reader leaves the only thread to other sessions now and then`() throws {
        let requestCount = 150
        let busy = try WireSession(threads: 1)
        let other = try WireSession(pool: busy.pool)
        let seen = Pipe()
        nonisolated(unsafe) var servedBefore = 0
        busy.fileSystem.onGetattr.withLock {
            $0 = { [other] count in
                if count == 50 { other.send(FUSE_GETATTR, bytes(of: fuse_getattr_in())) }
            }
        }
        other.fileSystem.onGetattr.withLock {
            $0 = { [fileSystem = busy.fileSystem] _ in
                servedBefore = fileSystem.getattrCount
                seen.send()
            }
        }
        // Held until all requests of the busy one are there.
        busy.send(FUSE_READ, node: 2, slowRead())
        for _ in 0..<requestCount { busy.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader) }
        busy.fileSystem.disk.send()
        seen.receive()
        #expect(servedBefore < 110)
        for _ in 0...requestCount { #expect(try busy.receive().error == 0) }
        #expect(try other.receive().error == 0)
    }

    @Test func `a pool stops while a reader is busy`() throws {
        let wire = try WireSession(threads: 1)
        wire.fileSystem.onGetattr.withLock {
            $0 = { [weak wire] _ in _ = wire?.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader) }
        }
        wire.send(FUSE_GETATTR, bytes(of: fuse_getattr_in()), thread: Self.reader)
        for _ in 0..<500 { _ = try wire.receive() }
        wire.pool.stop()
        #expect(wire.fileSystem.endCount == 1)
    }
}
