import CFuse
import Glibc
import Testing

@testable import FUSE

/// FUSE_INTERRUPT for requests of a child that is stopped, where signals stay pending.
@Suite(.timeLimit(.minutes(1)))
struct InterruptTests {
    /// Stopped, and ended with the test.
    private func stoppedChild() -> Child {
        let child = Child("/bin/sleep", ["60"])
        kill(child.process, SIGSTOP)
        while !run("/bin/cat", ["/proc/\(child.process)/stat"]).output.contains(" T ") { usleep(1000) }
        return child
    }

    private func end(_ child: Child) {
        kill(child.process, SIGKILL)
        _ = child.wait()
    }

    @Test func `a pending SIGTERM ends the wait`() throws {
        let wire = try WireSession()
        let child = stoppedChild()
        defer { end(child) }
        let unique = wire.send(FUSE_LOOKUP, Array("slow\0".utf8), thread: child.process)
        while wire.fileSystem.parkedCount < 1 { usleep(1000) }
        kill(child.process, SIGTERM)
        wire.interrupt(unique)
        let answer = try wire.receive()
        #expect(answer.unique == unique && answer.error == EINTR)
        #expect(wire.session.interrupts.count == 0)
        wire.fileSystem.release()
    }

    @Test func `an interrupt that overtakes its request is not lost`() throws {
        let wire = try WireSession(threads: 1)
        let child = stoppedChild()
        defer { end(child) }
        kill(child.process, SIGTERM)
        wire.interrupt(wire.nextUnique(after: 2))
        let unique = wire.send(FUSE_LOOKUP, Array("slow\0".utf8), thread: child.process)
        let answer = try wire.receive()
        #expect(answer.unique == unique && answer.error == EINTR)
    }

    @Test func `a waiter with a harmless signal waits on, and is seen when it is killed later`() throws {
        let wire = try WireSession()
        let child = stoppedChild()
        defer { end(child) }
        let unique = wire.send(FUSE_LOOKUP, Array("slow\0".utf8), thread: child.process)
        while wire.fileSystem.parkedCount < 1 { usleep(1000) }
        wire.interrupt(unique)
        usleep(50_000)
        #expect(wire.fileSystem.parkedCount == 1)
        kill(child.process, SIGTERM)
        let answer = try wire.receive()
        #expect(answer.unique == unique && answer.error == EINTR)
    }

    @Test func `interrupts of answered, unknown and invisible callers change nothing`() throws {
        let wire = try WireSession(threads: 1)
        let unique = wire.send(FUSE_LOOKUP, Array("slow\0".utf8))
        wire.interrupt(unique)
        _ = try wire.ask(FUSE_STATFS)
        wire.fileSystem.release()
        #expect(try wire.receive().error == 0)
        wire.interrupt(unique)
        // libfuse keeps an interrupt that it cannot place and hands it back with the next request: EAGAIN.
        let next = wire.send(FUSE_STATFS)
        var answers: [UInt64: Int32] = [:]
        for _ in 0..<2 {
            let answer = try wire.receive()
            answers[answer.unique] = answer.error
        }
        #expect(answers == [next: 0, next - 2: EAGAIN])
        #expect(wire.session.interrupts.count == 0)
    }

    @Test func `a storm of interrupts against answers loses and doubles nothing`() throws {
        let wire = try WireSession(threads: 4)
        for _ in 0..<20 {
            // As many as the socket pair holds: unlike /dev/fuse it refuses answers when it is full.
            var expected: Set<UInt64> = []
            for _ in 0..<20 {
                let unique = wire.send(FUSE_LOOKUP, Array("slow\0".utf8))
                expected.insert(unique)
                wire.interrupt(unique)
            }
            while !expected.isEmpty {
                // A request may be parked after the last release.
                wire.fileSystem.release()
                guard wire.hasAnswer(withinMilliseconds: 10) else { continue }
                let answer = try wire.receive()
                if answer.error == EAGAIN { continue }
                #expect(expected.remove(answer.unique) != nil)
            }
        }
    }
}
