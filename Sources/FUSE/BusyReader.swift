/// Whether the requests that come to a thread are those of one reader, each soon after the answer before it.
struct BusyReader {
    /// How soon is soon: two wake-ups on a virtual machine, and what a reader does with 100 KiB.
    static let pauseNanoseconds: UInt64 = 250_000

    /// The thread that reads; 0 when it is not visible in the daemon's pid namespace.
    private var thread: UInt32 = 0
    /// Its requests before this one, each soon after the other. 0 after one that came late, or from another thread.
    private(set) var requestCount = 0
    private var answeredAt: UInt64 = 0

    mutating func requestCame(from thread: UInt32, at nanoseconds: UInt64) {
        let isNext = thread == self.thread && nanoseconds &- answeredAt < Self.pauseNanoseconds
        requestCount = isNext ? requestCount + 1 : 0
        self.thread = thread
    }

    mutating func answered(at nanoseconds: UInt64) { answeredAt = nanoseconds }

    /// True once in 32 requests that followed each other.
    var isBusy: Bool { requestCount % 32 == 31 }
}
