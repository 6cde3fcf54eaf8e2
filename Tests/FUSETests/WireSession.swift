import CFuse
import CLinux
import Glibc
import Logging
import SystemPackage

@testable import FUSE

/// A session over a socket pair, with the test in the kernel's place. Each packet is one message.
final class WireSession: @unchecked Sendable {
    // Unchecked: whoever sends on another thread than the test's is waited for.
    let fileSystem = TestFileSystem()
    let pool: WorkerPool
    let session: FuseSession
    let kernel: Int32
    private var lastUnique: UInt64 = 0

    struct Answer { var unique: UInt64, error: Int32, payload: [UInt8] }

    convenience init(threads: Int = 2, negotiate: Bool = true) throws {
        try self.init(pool: WorkerPool(threads: threads), negotiate: negotiate)
    }

    /// Stops the pool when it goes.
    init(pool: WorkerPool, negotiate: Bool = true) throws {
        self.pool = pool
        var pair: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        kernel = pair[0]
        precondition(imgfs_set_nonblocking(pair[1]) == 0)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(kernel, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        session = try FuseSession(
            descriptor: FileDescriptor(rawValue: pair[1]), fileSystem: fileSystem, pool: pool,
            logger: Logger(label: "test"), onEnd: {})
        try pool.add(session)
        if negotiate { _ = try initialise() }
    }

    deinit {
        close(kernel)
        pool.stop()
    }

    /// Sends FUSE_INIT as a recent kernel does, with every flag set.
    func initialise() throws -> Answer {
        var request = fuse_init_in()
        request.major = 7
        request.minor = 38
        request.max_readahead = 128 << 10
        request.flags = 0x7fff_ffff & ~UInt32(bitPattern: FUSE_INIT_EXT)
        return try ask(FUSE_INIT, node: 0, bytes(of: request))
    }

    /// Sends a request and returns its number.
    @discardableResult
    func send(_ opcode: fuse_opcode, node: UInt64 = 1, _ arguments: [UInt8] = [], thread: Int32 = 0) -> UInt64 {
        lastUnique += 2
        var header = fuse_in_header()
        header.len = UInt32(MemoryLayout<fuse_in_header>.size + arguments.count)
        header.opcode = opcode.rawValue
        header.unique = lastUnique
        header.nodeid = node
        header.pid = UInt32(thread)
        let packet = bytes(of: header) + arguments
        let unique = lastUnique
        precondition(Glibc.send(kernel, packet, packet.count, 0) == packet.count)
        return unique
    }

    /// The number of the request that will be sent as the `count`th from now.
    func nextUnique(after count: UInt64) -> UInt64 { lastUnique + 2 * count }

    /// Tells that the caller of a request got a signal.
    func interrupt(_ unique: UInt64) {
        send(FUSE_INTERRUPT, node: 0, bytes(of: fuse_interrupt_in(unique: unique)))
    }

    func hasAnswer(withinMilliseconds timeout: Int32) -> Bool {
        var descriptor = pollfd(fd: kernel, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, timeout) > 0
    }

    /// The next answer, whichever request it is for.
    func receive() throws -> Answer {
        var packet = [UInt8](repeating: 0, count: 1 << 17)
        let count = recv(kernel, &packet, packet.count, 0)
        guard count >= 16 else { throw Errno(rawValue: errno) }
        return packet.withUnsafeBytes { raw in
            let header = raw.loadUnaligned(as: fuse_out_header.self)
            precondition(Int(header.len) == count)
            return Answer(unique: header.unique, error: -header.error, payload: Array(raw[16..<count]))
        }
    }

    func ask(_ opcode: fuse_opcode, node: UInt64 = 1, _ arguments: [UInt8] = []) throws -> Answer {
        let unique = send(opcode, node: node, arguments)
        let answer = try receive()
        precondition(answer.unique == unique)
        return answer
    }
}

func bytes<Value>(of value: Value) -> [UInt8] { withUnsafeBytes(of: value) { Array($0) } }

extension Array where Element == UInt8 {
    func load<Value: BitwiseCopyable>(_ type: Value.Type) -> Value { withUnsafeBytes { $0.loadUnaligned(as: type) } }
}
