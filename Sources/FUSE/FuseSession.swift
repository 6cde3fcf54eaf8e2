import CFuse
public import DescriptorStore
import Glibc
public import Logging
import Synchronization
public import SystemPackage

/// One connection to the kernel: a /dev/fuse descriptor, the file system that answers on it and libfuse's state.
///
/// It becomes visible through `DetachedMount`, any number of times; all its mounts share one superblock and with it one
/// page cache. The kernel ends it when the last mount is gone, and `onEnd` is called once.
public final class FuseSession: @unchecked Sendable {
    // Unchecked for `handle` alone: it is set once, at the end of init, and libfuse locks what is behind it.
    private var handle: OpaquePointer?
    let descriptor: FileDescriptor
    let fileSystem: any FileSystem
    let pool: WorkerPool
    let interrupts = InterruptTable()
    private let logger: Logger
    private let onEnd: @Sendable () -> Void
    private let hasEnded = Atomic(false)
    /// What is remembered for a successor, if anything is.
    let keeping: Keeping?
    let negotiation: SessionNegotiation
    /// The session's number in the flight recorder; 0 when it is not kept.
    let recordedID: UInt64
    /// libfuse takes one of the process's 1024 thread-specific keys (PTHREAD_KEYS_MAX) for each session, which is what
    /// limits their number; a few are left to others.
    public static let maximumCount = 960
    private static let count = Atomic(0)
    /// Held while a superblock is being made, so that two first mounts make one. The kernel does not wait for the
    /// daemon in that time.
    let mountState = Mutex(MountState())

    /// `major:minor` of the file system, as in /proc/self/mountinfo; nil before it is mounted, and when it was taken over.
    public var deviceName: String? { mountState.withLock { $0.device?.description } }

    struct MountState {
        /// The first mount made the superblock; later ones find it.
        var isMounted = false
        /// Stopped before it was mounted: it never is from then on.
        var isGivenUp = false
        /// The superblock's device number, once it is known.
        var device: DeviceNumber?
    }

    /// How the session gets to a successor of this process.
    public struct Keeping: Sendable {
        public var record: SessionRecord
        /// Keeps the session's descriptor together with its record. Called once, before the first request is read.
        public var store: @Sendable (FileDescriptor) -> Void

        public init(record: SessionRecord, store: @escaping @Sendable (FileDescriptor) -> Void) {
            self.record = record
            self.store = store
        }
    }

    /// Opens /dev/fuse. `onEnd` is called once, on a thread of the pool or on that of `stop`'s caller; it must not
    /// block.
    public convenience init(
        fileSystem: any FileSystem, pool: WorkerPool, logger: Logger, keeping: Keeping? = nil,
        onEnd: @escaping @Sendable () -> Void
    ) throws(FuseError) {
        let device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard device >= 0 else { throw .noDevice(Errno(rawValue: errno)) }
        try self.init(
            descriptor: FileDescriptor(rawValue: device), fileSystem: fileSystem, pool: pool, logger: logger,
            keeping: keeping, onEnd: onEnd)
    }

    /// Takes over a session that a predecessor mounted. It is served from `resume` on. Owns the descriptor, also when it
    /// throws.
    public convenience init(
        takingOver descriptor: FileDescriptor, fileSystem: any FileSystem, pool: WorkerPool, logger: Logger,
        keeping: Keeping, onEnd: @escaping @Sendable () -> Void
    ) throws(FuseError) {
        try self.init(
            descriptor: descriptor, fileSystem: fileSystem, pool: pool, logger: logger, keeping: keeping, onEnd: onEnd)
        mountState.withLock { $0.isMounted = true }
    }

    /// Takes over a non-blocking descriptor that speaks the FUSE protocol.
    init(
        descriptor: FileDescriptor, fileSystem: any FileSystem, pool: WorkerPool, logger: Logger,
        keeping: Keeping? = nil, onEnd: @escaping @Sendable () -> Void
    ) throws(FuseError) {
        self.keeping = keeping
        recordedID = keeping?.record.sessionID ?? 0
        negotiation = SessionNegotiation(record: keeping?.record)
        self.descriptor = descriptor
        self.fileSystem = fileSystem
        self.pool = pool
        self.logger = logger
        self.onEnd = onEnd
        // Counted first: from here on `deinit` runs whatever happens.
        guard Self.count.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maximumCount else {
            throw .tooManySessions(limit: Self.maximumCount)
        }
        LibraryLog.use(logger)
        var operations = Operations.table
        // libfuse keeps the address, not a reference: whoever processes a request retains the session.
        let handle = imgfs_fuse_session_new(&operations, Unmanaged.passUnretained(self).toOpaque())
        var deviceIO = fuse_custom_io()
        deviceIO.read = { descriptor, memory, byteCount, _ in Glibc.read(descriptor, memory, byteCount) }
        deviceIO.writev = { descriptor, vectors, count, session in
            guard let vectors, let session else { return -1 }
            return Unmanaged<FuseSession>.fromOpaque(session)._withUnsafeGuaranteedRef {
                $0.send(UnsafeBufferPointer(start: vectors, count: Int(count)))
            }
        }
        guard let handle, fuse_session_custom_io(handle, &deviceIO, descriptor.rawValue) == 0 else {
            if let handle { fuse_session_destroy(handle) }
            throw .noSession
        }
        self.handle = handle
    }

    deinit {
        Self.count.wrappingSubtract(1, ordering: .relaxed)
        if let handle {
            fuse_session_destroy(handle)  // closes the descriptor too
        } else {
            close(descriptor.rawValue)
        }
    }

    /// Ends the session: requests are answered no more, deferred replies are let go. Does nothing the second time.
    public func stop() {
        pool.remove(self)
        end()
    }

    /// Ends the session unless it is mounted somewhere, or was: then the kernel ends it. For when its first mount failed;
    /// one that another thread tries later throws `sessionEnded`.
    public func stopUnlessMounted() {
        let isGivenUp = mountState.withLock { state in
            if !state.isMounted { state.isGivenUp = true }
            return state.isGivenUp
        }
        if isGivenUp { stop() }
    }

    /// Tells once that no request comes any more.
    func end() {
        guard hasEnded.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
        if let handle { fuse_session_exit(handle) }
        fileSystem.sessionEnded()
        onEnd()
    }

    enum Received { case request(byteCount: Int), nothing, end }

    /// Reads one request, if one is there.
    func receive(into buffer: RequestBuffer) -> Received {
        while true {
            let count = read(descriptor.rawValue, buffer.memory.baseAddress, buffer.memory.count)
            if count >= MemoryLayout<fuse_in_header>.size { return .request(byteCount: count) }
            guard count < 0 else { return .end }
            switch errno {
            case ENOENT, EINTR: continue  // the request was withdrawn while it was being read
            case EAGAIN: return .nothing
            case ENODEV: return .end  // the last mount is gone, or the connection was aborted
            case let code:
                logger.error("reading from /dev/fuse failed: \(Errno(rawValue: code))")
                return .end
            }
        }
    }

    /// Lets libfuse take the request apart, which calls the file system.
    func process(_ buffer: RequestBuffer, _ byteCount: Int) {
        let request = UnsafeMutableRawBufferPointer(rebasing: buffer.memory[..<byteCount])
        if buffer.memory.load(as: fuse_in_header.self).opcode == FUSE_INIT.rawValue {
            negotiation.begin(with: UnsafeRawBufferPointer(request)) { handToLibrary(request) }
            return raiseReadAhead()
        }
        if !negotiation.isDone { negotiation.replay { handToLibrary($0) } }
        handToLibrary(request)
    }

    private func handToLibrary(_ bytes: UnsafeMutableRawBufferPointer) {
        var request = fuse_buf()
        request.size = bytes.count
        request.mem = bytes.baseAddress
        request.fd = -1
        fuse_session_process_buf(handle, &request)
    }

    /// Sends an answer for libfuse, and keeps it from writing about failures to standard error.
    private func send(_ vectors: UnsafeBufferPointer<iovec>) -> Int {
        if negotiation.concernsAnswers, !negotiation.lets(vectors) {
            return vectors.reduce(0) { $0 + $1.iov_len }
        }
        // Notifications have a code of their own there, which is positive.
        if vectors.count > 0, vectors[0].iov_len >= MemoryLayout<fuse_out_header>.size,
            let error = vectors[0].iov_base?.load(as: fuse_out_header.self).error, error < 0
        {
            pool.counters.answered(error: -error)
        }
        let count = writev(descriptor.rawValue, vectors.baseAddress, Int32(vectors.count))
        // The caller was killed (ENOENT), or the last mount went away (ENODEV): there is nobody to answer.
        if count < 0, errno != ENOENT {
            if errno != ENODEV { logger.error("an answer was refused by the kernel: \(Errno(rawValue: errno))") }
            errno = ENOENT
        }
        return count
    }

    /// After FUSE_INIT, which sets the kernel's default.
    private func raiseReadAhead() {
        guard let device = mountState.withLock({ $0.device }) else { return }
        do {
            try ReadAhead.set(byteCount: ReadAhead.byteCount, for: device)
        } catch {
            logger.info("the mount keeps the kernel's default read-ahead: \(error)")
        }
    }
}
