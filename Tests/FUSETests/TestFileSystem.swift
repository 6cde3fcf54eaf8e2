import FUSE
import Glibc
import Synchronization

/// A directory with one file, `hello`, and one name, `slow`, whose lookup waits until `release`.
final class TestFileSystem: FileSystem {
    static let content = Array("hello, world\n".utf8)

    private let parked = Mutex<[DeferredReply]>([])
    private let ended = Atomic(0)
    /// Called with the number of getattr requests so far, on the thread that serves them.
    let onGetattr = Mutex<(@Sendable (Int) -> Void)?>(nil)
    private let getattrs = Atomic(0)
    /// Reads from here on wait until something is written to `disk`.
    static let slowOffset: UInt64 = 1 << 20
    let disk = Pipe()

    var parkedCount: Int { parked.withLock { $0.count { $0.isPending } } }
    var endCount: Int { ended.load(ordering: .acquiring) }

    static func attributes(_ node: UInt64) -> FileAttributes? {
        switch node {
        case 1: return FileAttributes(node: 1, mode: S_IFDIR | 0o755, linkCount: 2)
        case 2:
            var file = FileAttributes(node: 2, mode: S_IFREG | 0o640, linkCount: 1)
            file.size = UInt64(content.count)
            file.blocks512 = 1
            file.userID = 3
            file.groupID = 4
            file.modificationSeconds = -5
            file.modificationNanoseconds = 6
            return file
        default: return nil
        }
    }

    /// Answers all who wait for `slow`: it is `hello`.
    func release() {
        let replies = parked.withLock { replies in
            defer { replies = [] }
            return replies
        }
        for reply in replies {
            if let attributes = Self.attributes(2) { reply.take()?.entry(attributes, .none) }
        }
    }

    /// Lets go all who wait for `slow` without an answer.
    func forget() { parked.withLock { $0 = [] } }

    func lookup(_ name: UnsafeRawBufferPointer, in directory: UInt64, reply: consuming Reply) {
        switch String(decoding: name, as: UTF8.self) {
        case "hello":
            guard let attributes = Self.attributes(2) else { return }
            reply.entry(attributes, .unlimited)
        case "slow":
            let deferred = DeferredReply(reply)
            parked.withLock { $0.append(deferred) }
        case "forgotten": return
        default: reply.noEntry(.none)
        }
    }

    var getattrCount: Int { getattrs.load(ordering: .acquiring) }

    func getattr(_ node: UInt64, reply: consuming Reply) {
        let count = getattrs.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
        onGetattr.withLock { $0 }?(count)
        guard let attributes = Self.attributes(node) else { return reply.error(ESTALE) }
        reply.attributes(attributes, .unlimited)
    }

    func readlink(_ node: UInt64, reply: consuming Reply) { reply.error(EINVAL) }

    func read(_ node: UInt64, offset: UInt64, length: Int, reply: consuming Reply) {
        if offset >= Self.slowOffset {
            reply.takesTime()
            disk.receive()
        }
        let memory = ReplyBuffer.memory(length)
        let start = min(Int(offset), Self.content.count)
        let end = min(start + memory.count, Self.content.count)
        memory.copyBytes(from: Self.content[start..<end])
        reply.data(UnsafeRawBufferPointer(rebasing: memory[..<(end - start)]))
    }

    func readdir(_ node: UInt64, offset: UInt64, length: Int, withAttributes: Bool, reply: consuming Reply) {
        var listing = DirectoryListing(into: ReplyBuffer.memory(length))
        if offset == 0, let attributes = Self.attributes(2) {
            _ = Array("hello".utf8).withUnsafeBytes { name in
                withAttributes
                    ? listing.append(name, attributes, .unlimited, offset: 1)
                    : listing.append(name, node: 2, mode: attributes.mode, offset: 1)
            }
        }
        reply.data(listing.bytes)
    }

    func getxattr(_ node: UInt64, name: UnsafeRawBufferPointer, capacity: Int, reply: consuming Reply) {
        guard name.elementsEqual("user.colour".utf8) else { return reply.error(ENODATA) }
        Self.answer(Array("green".utf8), capacity, reply)
    }

    func listxattr(_ node: UInt64, capacity: Int, reply: consuming Reply) {
        Self.answer(Array("user.colour\0".utf8), capacity, reply)
    }

    private static func answer(_ value: [UInt8], _ capacity: Int, _ reply: consuming Reply) {
        let memory = ReplyBuffer.memory(value.count)
        memory.copyBytes(from: value)
        reply.extendedAttribute(UnsafeRawBufferPointer(memory), capacity: capacity)
    }

    func statfs(_ node: UInt64, reply: consuming Reply) {
        reply.statistics(FileSystemStatistics(blockCount: 7, fileCount: 2))
    }

    func seek(_ node: UInt64, toNext target: SeekTarget, from offset: UInt64, reply: consuming Reply) {
        guard offset < Self.content.count else { return reply.error(ENXIO) }
        reply.position(target == .data ? offset : UInt64(Self.content.count))
    }

    func sessionEnded() {
        ended.wrappingAdd(1, ordering: .releasing)
        forget()
    }
}

/// One thread waits for another.
struct Pipe {
    private let ends: (read: Int32, write: Int32)

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0)
        self.ends = (ends[0], ends[1])
    }

    func send() {
        var byte: UInt8 = 1
        precondition(write(ends.write, &byte, 1) == 1)
    }

    func receive() {
        var byte: UInt8 = 0
        precondition(Glibc.read(ends.read, &byte, 1) == 1)
    }
}
