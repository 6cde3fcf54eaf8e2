import SystemPackage
import Testing

@testable import DescriptorStore

struct SessionRecordTests {
    @Test func `a successor reads what was written`() throws {
        let record = try SessionRecord(sessionID: 42)
        #expect(record.firstRequest == nil)
        let request = [UInt8](0..<104)
        request.withUnsafeBytes { record.setFirstRequest($0) }
        record.append(Array("one".utf8))
        record.append([UInt8](repeating: 65, count: 10_000))
        record.isOpening = true
        record.wasReady = true

        let successor = try SessionRecord(adopting: record.descriptor.duplicate())
        #expect(successor.sessionID == 42 && successor.isOpening && successor.wasReady && !successor.isIsolated)
        #expect(successor.firstRequest == request)
        #expect(successor.lines == [Array("one".utf8), [UInt8](repeating: 65, count: 10_000)])
    }

    @Test func `a journal has a limit`() throws {
        let record = try SessionRecord(sessionID: 1)
        let line = [UInt8](repeating: 65, count: (1 << 20) - 1)
        #expect((0..<8).allSatisfy { _ in record.append(line) })
        #expect(!record.append([65]))
        #expect(record.lines.count == 8)
    }

    @Test func `what is no record is refused`() throws {
        let other = try MemoryFile(name: "other", byteCount: 8192)
        #expect(throws: Errno.invalidArgument) { _ = try SessionRecord(adopting: other.descriptor.duplicate()) }
        withExtendedLifetime(other) {}
    }
}
