/// Whether the requests that come to a thread are those of one reader, each soon after the answer before it.
struct BusyReader {
    /// How soon is soon: two wake-ups on a virtual machine, and what a reader does with 100 KiB.
    static let pauseNanoseconds: UInt64 = 250_000

    private let pauseNanoseconds: UInt64
    /// The thread that reads; 0, which is nobody, when it is not visible in the daemon's pid namespace.
    private var thread: UInt32 = 0
    /// Its requests before this one, each soon after the other. 0 after one that came late, or from another thread.
    private(set) var requestCount = 0
    private var answeredAt: UInt64 = 0

    init(pauseNanoseconds: UInt64 = Self.pauseNanoseconds) { self.pauseNanoseconds = pauseNanoseconds }

    mutating func requestCame(from thread: UInt32, at nanoseconds: UInt64) {
        let isNext = thread != 0 && thread == self.thread && nanoseconds &- answeredAt < pauseNanoseconds
        requestCount = isNext ? requestCount + 1 : 0
        self.thread = thread
    }

    mutating func answered(at nanoseconds: UInt64) { answeredAt = nanoseconds }

    /// Whether it is worth telling others that the reader is busy: at each 32nd request that followed the one before it.
    var isDueToTell: Bool { requestCount % 32 == 31 }
}
