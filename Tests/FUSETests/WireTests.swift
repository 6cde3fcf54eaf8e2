import CFuse
import Glibc
import Testing

@testable import FUSE

@Suite(.timeLimit(.minutes(1)))
struct WireTests {
    @Test func `what is negotiated spares opens and allows large reads`() throws {
        let wire = try WireSession(negotiate: false)
        let answer = try wire.initialise()
        let agreed = answer.payload.load(fuse_init_out.self)
        let flags = Int32(bitPattern: agreed.flags)
        for flag in [
            FUSE_ASYNC_READ, FUSE_PARALLEL_DIROPS, FUSE_DO_READDIRPLUS, FUSE_EXPORT_SUPPORT, FUSE_CACHE_SYMLINKS,
            FUSE_MAX_PAGES,
        ] { #expect(flags & flag != 0, "flag \(flag)") }
        for flag in [FUSE_POSIX_LOCKS, FUSE_FLOCK_LOCKS, FUSE_AUTO_INVAL_DATA, FUSE_WRITEBACK_CACHE] {
            #expect(flags & flag == 0, "flag \(flag)")
        }
        #expect(agreed.max_pages == 256)
        #expect(agreed.max_background == 256)
        #expect(agreed.max_readahead == 128 << 10)
        #expect(try wire.ask(FUSE_OPEN, node: 2, bytes(of: fuse_open_in())).error == ENOSYS)
        #expect(try wire.ask(FUSE_OPENDIR, bytes(of: fuse_open_in())).error == ENOSYS)
    }

    @Test func `only the first answer is taken for that of the negotiation`() throws {
        for _ in 0..<50 {
            let wire = try WireSession()
            let statistics = try wire.ask(FUSE_STATFS).payload.load(fuse_statfs_out.self).st
            #expect(statistics.blocks == 7)
            #expect(statistics.bfree == 0)
        }
    }

    @Test func `lookup answers with an entry, a remembered absence or EIO for a forgotten reply`() throws {
        let wire = try WireSession()
        let found = try wire.ask(FUSE_LOOKUP, Array("hello\0".utf8))
        #expect(found.error == 0)
        #expect(found.payload.count == MemoryLayout<fuse_entry_out>.size)
        let entry = found.payload.load(fuse_entry_out.self)
        #expect(entry.nodeid == 2 && entry.generation == 0)
        #expect(entry.entry_valid == 1 << 31 && entry.attr_valid == 1 << 31)
        #expect(entry.attr.mode == S_IFREG | 0o640 && entry.attr.uid == 3 && entry.attr.gid == 4)
        #expect(Int64(bitPattern: entry.attr.mtime) == -5 && entry.attr.mtimensec == 6)

        let missing = try wire.ask(FUSE_LOOKUP, Array("nothing\0".utf8))
        #expect(missing.error == 0)
        #expect(missing.payload.load(fuse_entry_out.self).nodeid == 0)

        #expect(try wire.ask(FUSE_LOOKUP, Array("forgotten\0".utf8)).error == EIO)
    }

    @Test func `extended attributes are measured first and refused when the caller has too little room`() throws {
        let wire = try WireSession()
        func ask(_ capacity: UInt32, _ name: String = "user.colour") throws -> WireSession.Answer {
            try wire.ask(
                FUSE_GETXATTR, node: 2,
                bytes(of: fuse_getxattr_in(size: capacity, padding: 0)) + Array("\(name)\0".utf8))
        }
        #expect(try ask(0).payload.load(fuse_getxattr_out.self).size == 5)
        #expect(try ask(4).error == ERANGE)
        #expect(try ask(5).payload == Array("green".utf8))
        #expect(try ask(100, "user.size").error == ENODATA)
        let list = try wire.ask(FUSE_LISTXATTR, node: 2, bytes(of: fuse_getxattr_in(size: 100, padding: 0)))
        #expect(list.payload == Array("user.colour\0".utf8))
    }

    @Test func `statistics, attributes, seeking and stale nodes`() throws {
        let wire = try WireSession()
        let statistics = try wire.ask(FUSE_STATFS).payload.load(fuse_statfs_out.self).st
        #expect(statistics.blocks == 7 && statistics.files == 2 && statistics.bfree == 0 && statistics.namelen == 255)
        #expect(try wire.ask(FUSE_GETATTR, node: 9, bytes(of: fuse_getattr_in())).error == ESTALE)
        func seek(_ offset: UInt64, _ whence: UInt32) throws -> WireSession.Answer {
            try wire.ask(
                FUSE_LSEEK, node: 2, bytes(of: fuse_lseek_in(fh: 0, offset: offset, whence: whence, padding: 0)))
        }
        #expect(try seek(3, 3).payload.load(UInt64.self) == 3)
        #expect(try seek(3, 4).payload.load(UInt64.self) == 13)
        #expect(try seek(13, 3).error == ENXIO)
        #expect(try seek(.max, 3).error == ENXIO)
        #expect(try seek(0, 7).error == EINVAL)
    }

    @Test func `deferred replies hold no thread and are all answered`() throws {
        let wire = try WireSession(threads: 1)
        var waiting: Set<UInt64> = []
        for _ in 0..<100 { waiting.insert(wire.send(FUSE_LOOKUP, Array("slow\0".utf8))) }
        #expect(try wire.ask(FUSE_LOOKUP, Array("hello\0".utf8)).error == 0)
        #expect(wire.fileSystem.parkedCount == 100)
        wire.fileSystem.release()
        for _ in 0..<100 {
            let answer = try wire.receive()
            #expect(answer.error == 0)
            #expect(waiting.remove(answer.unique) != nil)
        }
        #expect(wire.session.interrupts.count == 0)
    }

    @Test func `a deferred reply that is let go answers EIO`() throws {
        let wire = try WireSession(threads: 1)
        let unique = wire.send(FUSE_LOOKUP, Array("slow\0".utf8))
        _ = try wire.ask(FUSE_STATFS)
        wire.fileSystem.forget()
        let answer = try wire.receive()
        #expect(answer.unique == unique && answer.error == EIO)
        #expect(wire.session.interrupts.count == 0)
    }

    @Test func `the end of the connection is told once`() throws {
        let wire = try WireSession()
        wire.send(FUSE_LOOKUP, Array("slow\0".utf8))
        shutdown(wire.kernel, Int32(SHUT_RDWR))
        while wire.fileSystem.endCount == 0 { usleep(1000) }
        wire.session.stop()
        wire.session.stop()
        #expect(wire.fileSystem.endCount == 1)
        #expect(wire.pool.sessionCount == 0)
    }

    @Test func `names are packed with padding and only while there is room`() {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 8)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xff)
        var listing = DirectoryListing(into: memory)
        let name = Array("abc".utf8)
        let added = name.withUnsafeBytes { name in
            (0..<3).map { listing.append(name, node: 5, mode: S_IFDIR | 0o700, offset: UInt64($0) + 1) }
        }
        #expect(added == [true, true, false])
        let packed = Array(listing.bytes)
        #expect(packed.count == 64)
        #expect(packed.load(UInt64.self) == 5)
        #expect(Array(packed[8...]).load(UInt64.self) == 1)
        #expect(Array(packed[16...]).load(UInt32.self) == 3)
        #expect(Array(packed[20...]).load(UInt32.self) == UInt32(DT_DIR))
        #expect(Array(packed[24..<32]) == name + [0, 0, 0, 0, 0])
        #expect(Array(packed[40...]).load(UInt64.self) == 2)
    }

    @Test func `device numbers are encoded as the kernel does`() {
        #expect(FileAttributes.encode(8, 1) == 0x801)
        #expect(FileAttributes.encode(0xabc, 0xfedcb) == 0xfedabccb)
    }
}
