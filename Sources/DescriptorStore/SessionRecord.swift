import Glibc
import Synchronization
public import SystemPackage

/// What a successor has to know about a mounted image besides its /dev/fuse descriptor: a memory file that is kept
/// together with it.
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 8 | `imgfsrec` |
/// | 8 | 4 | version |
/// | 12 | 4 | bytes of the first request, 0 until it came |
/// | 16 | 8 | the session's number |
/// | 24 | 8 | bytes of the journal |
/// | 32 | 4 | 1 while the image is being opened |
/// | 36 | 4 | 1 when the session was isolated |
/// | 40 | 4 | 1 when the image was there |
/// | 64 | 192 | the first request (FUSE_INIT) as the kernel sent it |
/// | 4096 | | journal: lines whose meaning is not known here |
///
/// Numbers are in the machine's own order. Every change becomes visible by one store, so a process that dies in the middle
/// of one leaves the former state.
public final class SessionRecord: Sendable {
    private enum Offset {
        static let version = 8
        static let requestByteCount = 12
        static let sessionID = 16
        static let journalByteCount = 24
        static let isOpening = 32
        static let isIsolated = 36
        static let wasReady = 40
        static let request = 64
    }

    private static let magic: [UInt8] = Array("imgfsrec".utf8)
    private static let version: UInt32 = 1
    private static let headerByteCount = 4096
    /// A FUSE_INIT has 104 bytes today.
    public static let maximumRequestByteCount = 192
    /// What does not fit is not remembered: the newest targets of an image that is mounted tens of thousands of times.
    public static let maximumJournalByteCount = 8 << 20

    private let file: MemoryFile
    /// Held while the journal grows.
    private let writer = Mutex(())

    public var descriptor: FileDescriptor { file.descriptor }

    public init(sessionID: UInt64) throws(Errno) {
        file = try MemoryFile(name: "imgfs-session", byteCount: Self.headerByteCount)
        file.memory.copyMemory(from: Self.magic, byteCount: Self.magic.count)
        file.memory.storeBytes(of: Self.version, toByteOffset: Offset.version, as: UInt32.self)
        file.memory.storeBytes(of: sessionID, toByteOffset: Offset.sessionID, as: UInt64.self)
    }

    /// A predecessor's. Owns the descriptor, also when it throws: `invalidArgument` for what is no record.
    public init(adopting descriptor: FileDescriptor) throws(Errno) {
        file = try MemoryFile(adopting: descriptor, byteCount: Self.headerByteCount)
        let header = UnsafeRawBufferPointer(start: file.memory, count: Self.headerByteCount)
        guard header.starts(with: Self.magic), number(Offset.version) == Self.version,
            number(Offset.requestByteCount) <= Self.maximumRequestByteCount
        else { throw .invalidArgument }
    }

    public var sessionID: UInt64 { file.memory.load(fromByteOffset: Offset.sessionID, as: UInt64.self) }

    /// The session is being opened: its image is fetched, unpacked or merged.
    public var isOpening: Bool {
        get { number(Offset.isOpening) != 0 }
        set { set(Offset.isOpening, newValue) }
    }

    /// Requests are answered EIO, since one of them ended several processes.
    public var isIsolated: Bool {
        get { number(Offset.isIsolated) != 0 }
        set { set(Offset.isIsolated, newValue) }
    }

    /// The kernel has seen the image, and may have remembered nodes and attributes of it.
    public var wasReady: Bool {
        get { number(Offset.wasReady) != 0 }
        set { set(Offset.wasReady, newValue) }
    }

    /// The kernel's first request; nil until it came.
    public var firstRequest: [UInt8]? {
        let count = Int(number(Offset.requestByteCount))
        guard count > 0 else { return nil }
        return Array(UnsafeRawBufferPointer(start: file.memory + Offset.request, count: count))
    }

    /// Remembers the first request; to be called before it is answered.
    public func setFirstRequest(_ request: UnsafeRawBufferPointer) {
        guard let start = request.baseAddress, request.count <= Self.maximumRequestByteCount else { return }
        (file.memory + Offset.request).copyMemory(from: start, byteCount: request.count)
        atomicMemoryFence(ordering: .releasing)
        file.memory.storeBytes(of: UInt32(request.count), toByteOffset: Offset.requestByteCount, as: UInt32.self)
    }

    /// Adds a line, which holds no newline. False when the journal is full or memory is short.
    @discardableResult
    public func append(_ line: [UInt8]) -> Bool {
        let line = line + [UInt8(ascii: "\n")]
        return writer.withLock { _ in
            let length = file.memory.load(fromByteOffset: Offset.journalByteCount, as: UInt64.self)
            guard Int(length) + line.count <= Self.maximumJournalByteCount else { return false }
            var written = 0
            while written < line.count {
                let count = line.withUnsafeBytes { bytes in
                    pwrite(
                        descriptor.rawValue, UnsafeRawBufferPointer(rebasing: bytes[written...]).baseAddress,
                        line.count - written, Self.headerByteCount + Int(length) + written)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            atomicMemoryFence(ordering: .releasing)
            file.memory.storeBytes(
                of: length + UInt64(line.count), toByteOffset: Offset.journalByteCount, as: UInt64.self)
            return true
        }
    }

    /// The journal's lines, the oldest first.
    public var lines: [[UInt8]] {
        let length = file.memory.load(fromByteOffset: Offset.journalByteCount, as: UInt64.self)
        guard length <= UInt64(Self.maximumJournalByteCount) else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { memory in
                pread(
                    descriptor.rawValue, memory.baseAddress.map { $0 + filled }, memory.count - filled,
                    Self.headerByteCount + filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            filled += count
        }
        return bytes.prefix(filled).split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    private func number(_ offset: Int) -> UInt32 { file.memory.load(fromByteOffset: offset, as: UInt32.self) }

    private func set(_ offset: Int, _ value: Bool) {
        file.memory.storeBytes(of: value ? 1 : 0, toByteOffset: offset, as: UInt32.self)
    }
}
