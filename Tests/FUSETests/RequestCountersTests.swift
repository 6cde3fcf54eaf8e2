import CFuse
import Glibc
import Testing

@testable import FUSE

struct RequestCountersTests {
    private func withCounters(_ body: (RequestCounters) -> Void) {
        let counters = RequestCounters(threadCount: 3)
        defer { counters.release() }
        body(counters)
    }

    @Test func `requests of all threads are added up by kind`() {
        withCounters { counters in
            for thread in 0..<3 { counters.received(RequestKind(opcode: FUSE_READ.rawValue), thread: thread) }
            counters.received(RequestKind(opcode: FUSE_LOOKUP.rawValue), thread: 2)
            counters.received(RequestKind(opcode: FUSE_FORGET.rawValue), thread: 0)
            counters.received(RequestKind(opcode: 4711), thread: 0)
            #expect(counters.requestCount(.read) == 3)
            #expect(counters.requestCount(.lookup) == 1)
            #expect(counters.requestCount(.other) == 2)
            #expect(counters.requestCount(.getattr) == 0)
        }
    }

    @Test func `a wait is in the bucket whose bound it does not exceed`() {
        withCounters { counters in
            counters.waited(.milliseconds(10))
            counters.waited(.milliseconds(11))
            counters.waited(.seconds(60))
            counters.waited(.seconds(61))
            #expect(counters.waitCounts == [1, 1, 0, 0, 0, 0, 0, 1, 1])
            #expect(abs(counters.waitSeconds - 121.021) < 1e-6)
        }
    }

    @Test func `only errors that mean trouble are counted`() {
        withCounters { counters in
            for error in [EIO, EIO, ENODATA, ENOSYS, ENOENT, ESTALE] { counters.answered(error: error) }
            #expect(counters.answerCount(.io) == 2)
            #expect(counters.answerCount(.stale) == 1)
            #expect(CountedError.allCases.map { counters.answerCount($0) }.reduce(0, +) == 3)
        }
    }
}
