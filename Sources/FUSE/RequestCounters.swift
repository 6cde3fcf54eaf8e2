import CFuse
import Glibc
import Synchronization

/// What a request of the kernel asks for, as far as it is counted. See FUSE_LOOKUP and the others in linux/fuse.h.
public enum RequestKind: Int, CaseIterable, Sendable {
    case lookup, getattr, readlink, read, readdir, readdirplus, getxattr, listxattr, statfs, lseek
    /// What needs no file system: init, open, forget, interrupt.
    case other

    init(opcode: UInt32) {
        self =
            switch opcode {
            case FUSE_LOOKUP.rawValue: .lookup
            case FUSE_GETATTR.rawValue: .getattr
            case FUSE_READLINK.rawValue: .readlink
            case FUSE_READ.rawValue: .read
            case FUSE_READDIR.rawValue: .readdir
            case FUSE_READDIRPLUS.rawValue: .readdirplus
            case FUSE_GETXATTR.rawValue: .getxattr
            case FUSE_LISTXATTR.rawValue: .listxattr
            case FUSE_STATFS.rawValue: .statfs
            case FUSE_LSEEK.rawValue: .lseek
            default: .other
            }
    }
}

/// Errors of answers that mean trouble. Others, like ENODATA, belong to a file system that works. See errno(3).
public enum CountedError: Int, CaseIterable, Sendable {
    case io, timedOut, accessDenied, noSpace, stale, interrupted

    init?(_ error: Int32) {
        switch error {
        case EIO: self = .io
        case ETIMEDOUT: self = .timedOut
        case EACCES: self = .accessDenied
        case ENOSPC: self = .noSpace
        case ESTALE: self = .stale
        case EINTR: self = .interrupted
        default: return nil
        }
    }

    /// As the header has it.
    public var name: String {
        switch self {
        case .io: "EIO"
        case .timedOut: "ETIMEDOUT"
        case .accessDenied: "EACCES"
        case .noSpace: "ENOSPC"
        case .stale: "ESTALE"
        case .interrupted: "EINTR"
        }
    }
}

/// What the threads of a `WorkerPool` did since they were started.
///
/// Counting is a relaxed atomic addition to memory that is there from the start: nothing is locked, allocated or
/// retained. Each thread has its own cells for requests. Numbers that are read while others count may be from slightly
/// different moments.
public struct RequestCounters: @unchecked Sendable {
    // Unchecked: what the pointers lead to is atomic, and set up in init.
    private let requests: UnsafeMutableBufferPointer<Atomic<Int>>
    private let shared: UnsafeMutableBufferPointer<Atomic<Int>>
    private let threadCount: Int

    /// The cells of one thread take whole cache lines.
    private static let stride = 16

    /// Upper bounds of the histogram of waits; one more bucket has what took longer.
    public static let waitBoundsSeconds: [Double] = [0.01, 0.1, 0.5, 1, 5, 10, 30, 60]

    private enum Cell {
        static let servedBytes = 0
        static let waitNanoseconds = 1
        static let firstWaitBucket = 2
        static let firstError = firstWaitBucket + RequestCounters.waitBoundsSeconds.count + 1
        static let count = firstError + CountedError.allCases.count
    }

    /// Give it back with `release`.
    init(threadCount: Int) {
        self.threadCount = threadCount
        requests = Self.zeros(threadCount * Self.stride)
        shared = Self.zeros(Cell.count)
    }

    func release() {
        for cells in [requests, shared] { cells.deinitialize().deallocate() }
    }

    private static func zeros(_ count: Int) -> UnsafeMutableBufferPointer<Atomic<Int>> {
        let byteCount = count * MemoryLayout<Atomic<Int>>.stride
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 128)
        let cells = memory.bindMemory(to: Atomic<Int>.self)
        for index in cells.indices { cells.initializeElement(at: index, to: Atomic(0)) }
        return cells
    }

    /// A request that thread number `thread` has read.
    @inline(__always)
    func received(_ kind: RequestKind, thread: Int) {
        let cell = thread * Self.stride + kind.rawValue
        requests[cell].wrappingAdd(1, ordering: .relaxed)
    }

    /// Content of a file that goes to the kernel.
    @inline(__always)
    func served(byteCount: Int) { shared[Cell.servedBytes].wrappingAdd(byteCount, ordering: .relaxed) }

    /// An answer with an errno.
    func answered(error: Int32) {
        guard let counted = CountedError(error) else { return }
        shared[Cell.firstError + counted.rawValue].wrappingAdd(1, ordering: .relaxed)
    }

    /// A request that was not answered on the spot has been answered, or its caller gave up.
    func waited(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        let bucket = Self.waitBoundsSeconds.firstIndex { seconds <= $0 } ?? Self.waitBoundsSeconds.count
        shared[Cell.firstWaitBucket + bucket].wrappingAdd(1, ordering: .relaxed)
        shared[Cell.waitNanoseconds].wrappingAdd(Int(duration / .nanoseconds(1)), ordering: .relaxed)
    }

    public func requestCount(_ kind: RequestKind) -> Int {
        (0..<threadCount).reduce(0) {
            $0 + requests[$1 * Self.stride + kind.rawValue].load(ordering: .relaxed)
        }
    }

    /// Bytes of files' content.
    public var servedByteCount: Int { shared[Cell.servedBytes].load(ordering: .relaxed) }

    /// One number for each bound, and one for what took longer: waits that took no longer than the bound and longer than
    /// the one before.
    public var waitCounts: [Int] {
        (0...Self.waitBoundsSeconds.count).map { shared[Cell.firstWaitBucket + $0].load(ordering: .relaxed) }
    }

    public var waitSeconds: Double { Double(shared[Cell.waitNanoseconds].load(ordering: .relaxed)) / 1e9 }

    public func answerCount(_ error: CountedError) -> Int {
        shared[Cell.firstError + error.rawValue].load(ordering: .relaxed)
    }
}
