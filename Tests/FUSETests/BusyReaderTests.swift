import Testing

@testable import FUSE

struct BusyReaderTests {
    private let soon = BusyReader.pauseNanoseconds - 1

    /// Requests of `thread`, each `pause` after the answer before it. Returns how often it was time to tell.
    private func requests(
        _ reader: inout BusyReader, _ count: Int, from thread: UInt32, pause: UInt64, at time: inout UInt64
    ) -> Int {
        (0..<count).count { _ in
            time += pause
            reader.requestCame(from: thread, at: time)
            defer { reader.answered(at: time) }
            return reader.isDueToTell
        }
    }

    @Test func `one reader without pauses is told of once in 32 requests`() {
        var reader = BusyReader()
        var time: UInt64 = 1_000_000_000
        #expect(requests(&reader, 31, from: 7, pause: soon, at: &time) == 0)
        #expect(reader.requestCount == 30)
        #expect(requests(&reader, 64, from: 7, pause: soon, at: &time) == 2)
    }

    @Test func `a pause begins anew`() {
        var reader = BusyReader()
        var time: UInt64 = 1_000_000_000
        #expect(requests(&reader, 200, from: 7, pause: soon + 1, at: &time) == 0)
        #expect(reader.requestCount == 0)
    }

    @Test func `readers that cannot be told apart are not one busy reader`() {
        var reader = BusyReader()
        var time: UInt64 = 1_000_000_000
        #expect(requests(&reader, 200, from: 0, pause: 1, at: &time) == 0)
        #expect(reader.requestCount == 0)
    }

    @Test func `readers in turn are not one busy reader`() {
        var reader = BusyReader()
        var time: UInt64 = 1_000_000_000
        for thread in 1..<200 as Range<UInt32> {
            #expect(requests(&reader, 1, from: 1 + thread % 2, pause: 1, at: &time) == 0)
            #expect(reader.requestCount == 0)
        }
    }
}
