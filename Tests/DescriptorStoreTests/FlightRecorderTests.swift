import Glibc
import SystemPackage
import Testing

@testable import DescriptorStore

struct FlightRecorderTests {
    private func copy(_ recorder: FlightRecorder) throws -> FlightRecorder {
        try FlightRecorder(adopting: try recorder.descriptor.duplicate())
    }

    @Test func `a successor sees what its predecessor was at`() throws {
        let first = try FlightRecorder()
        #expect(first.begin(opening: []).isEmpty)
        #expect(first.newSessionID() == 1)
        first.enter(slot: 2)
        first.note(slot: 2, session: 1, unique: 8, node: 5, opcode: 15)
        first.note(slot: 3, session: 1, unique: 10, node: 6, opcode: 1)
        first.clear(slot: 3)

        let second = try copy(first)
        let deaths = second.begin(opening: [1], nowNanoseconds: 77)
        #expect(
            deaths == [
                Death(
                    atNanoseconds: 77, signal: 0, suspects: [Suspect(session: 1, unique: 8, node: 5, opcode: 15)])
            ])
        #expect(second.generation == 2 && second.deathCount == 1)
        #expect(second.newSessionID() == 2)
    }

    @Test func `a request is known on whatever thread it is worked on`() throws {
        let first = try FlightRecorder()
        _ = first.begin(opening: [])
        first.enter(slot: 0)
        first.note(slot: 0, session: 1, unique: 8, node: 5, opcode: 15)
        let suspect = try #require(first.current())
        first.clear(slot: 0)
        #expect(first.current() == nil)
        var deaths: [Death] = []
        let second = try copy(first)
        first.during(suspect) { deaths = second.begin(opening: [], nowNanoseconds: 5) }
        #expect(deaths.last?.suspects == [suspect])
    }

    @Test func `an end on purpose is no death`() throws {
        let first = try FlightRecorder()
        _ = first.begin(opening: [])
        first.end()
        let second = try copy(first)
        #expect(second.begin(opening: []).isEmpty)
        #expect(second.generation == 2)
    }

    @Test func `only the last deaths are remembered`() throws {
        let recorder = try FlightRecorder()
        var deaths: [Death] = []
        for time in 0..<21 { deaths = recorder.begin(opening: [], nowNanoseconds: UInt64(time)) }
        #expect(deaths.map(\.atNanoseconds) == Array(13...20))
        #expect(recorder.deathCount == 20)
    }

    @Test func `what is no recorder is refused`() throws {
        let other = try MemoryFile(name: "other", byteCount: 12_288)
        #expect(throws: Errno.invalidArgument) { _ = try FlightRecorder(adopting: other.descriptor.duplicate()) }
        let short = try MemoryFile(name: "short", byteCount: 100)
        #expect(throws: Errno.invalidArgument) { _ = try FlightRecorder(adopting: short.descriptor.duplicate()) }
        withExtendedLifetime((other, short)) {}
        let plain = try FileDescriptor.open("/dev/null", .readWrite)
        #expect(throws: Errno.invalidArgument) { _ = try FlightRecorder(adopting: plain) }
    }
}
