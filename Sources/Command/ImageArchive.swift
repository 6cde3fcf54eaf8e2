import CLinux
import Glibc
import SystemPackage
import Tar

/// Writes a tree of an image as an archive: sorted, without access times, the same bytes for the same tree.
struct ImageArchive: ~Copyable {
    private let walk: ImageWalk
    private let output: FileDescriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    /// Bytes of the buffer that are not written yet.
    private var bufferedByteCount = 0
    /// Names of files that have several, by inode number: the first is the file, the others are links to it.
    private var firstNames: [UInt64: [UInt8]] = [:]

    init(of image: ImageRoot, to output: FileDescriptor) {
        walk = ImageWalk(image: image)
        self.output = output
    }

    deinit { buffer.deallocate() }

    /// The whole image with `./` for its root; or what is at `path`, whose name in the archive is `name`.
    mutating func write(from path: [UInt8] = [], as name: [UInt8] = []) throws {
        let walk = self.walk
        try walk.forEach(from: path) { item in try write(item, Self.name(item, below: path, as: name)) }
        try append(TarWriter.end)
        try flush()
    }

    private static func name(_ item: ImageWalk.Item, below path: [UInt8], as name: [UInt8]) -> [UInt8] {
        var relative = Array(item.path.dropFirst(path.count).drop { $0 == UInt8(ascii: "/") })
        if !name.isEmpty { relative = relative.isEmpty ? name : name + [UInt8(ascii: "/")] + relative }
        if relative.isEmpty { relative = [UInt8(ascii: ".")] }
        return item.kind == S_IFDIR ? relative + [UInt8(ascii: "/")] : relative
    }

    private mutating func write(_ item: ImageWalk.Item, _ name: [UInt8]) throws {
        var entry = TarEntry(kind: .regular, path: name, mode: UInt16(item.status.st_mode & 0o7777))
        entry.userID = item.status.st_uid
        entry.groupID = item.status.st_gid
        entry.modificationSeconds = Int64(item.status.st_mtim.tv_sec)
        entry.modificationNanoseconds = UInt32(item.status.st_mtim.tv_nsec)
        if item.kind != S_IFDIR, item.status.st_nlink > 1 {
            if let first = firstNames[UInt64(item.status.st_ino)] {
                entry.kind = .hardLink
                entry.linkPath = first
                return try append(TarWriter.header(of: entry))
            }
            firstNames[UInt64(item.status.st_ino)] = name
        }
        switch item.kind {
        case S_IFDIR: entry.kind = .directory
        case S_IFLNK:
            entry.kind = .symbolicLink
            entry.linkPath = try walk.linkTarget(of: item.path)
        case S_IFCHR, S_IFBLK:
            entry.kind = item.kind == S_IFCHR ? .characterDevice : .blockDevice
            entry.deviceMajor = DeviceID.major(of: item.status.st_rdev)
            entry.deviceMinor = DeviceID.minor(of: item.status.st_rdev)
        case S_IFIFO: entry.kind = .fifo
        default: break
        }
        entry.extendedAttributes = try walk.extendedAttributes(of: item.path)
        if entry.kind == .regular { try writeFile(item, &entry) } else { try append(TarWriter.header(of: entry)) }
    }

    private mutating func writeFile(_ item: ImageWalk.Item, _ entry: inout TarEntry) throws {
        entry.size = UInt64(item.status.st_size)
        guard entry.size > 0 else { return try append(TarWriter.header(of: entry)) }
        let file = try walk.open(item.path, O_RDONLY | O_NOFOLLOW)
        defer { close(file.rawValue) }
        guard let data = FileData.ranges(of: file.rawValue, size: entry.size) else { throw walk.failure(item.path) }
        entry.extents = TarWriter.blockExtents(of: data, size: entry.size)
        try append(TarWriter.header(of: entry))
        for extent in entry.extents {
            try appendContent(of: file, item, from: extent.fileOffset, byteCount: extent.length)
        }
        let padding = TarWriter.paddingByteCount(after: TarWriter.contentByteCount(of: entry))
        try append([UInt8](repeating: 0, count: padding))
    }

    private mutating func appendContent(
        of file: FileDescriptor, _ item: ImageWalk.Item, from offset: UInt64, byteCount: UInt64
    ) throws {
        var done: UInt64 = 0
        while done < byteCount {
            if bufferedByteCount == buffer.count { try flush() }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[bufferedByteCount...])
            let wanted = min(Int(byteCount - done), room.count)
            let count = pread(file.rawValue, room.baseAddress, wanted, Int(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                if count == 0 { errno = EIO }
                throw walk.failure(item.path)
            }
            bufferedByteCount += count
            done += UInt64(count)
        }
    }

    private mutating func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            if bufferedByteCount == buffer.count { try flush() }
            let part = rest.prefix(buffer.count - bufferedByteCount)
            UnsafeMutableRawBufferPointer(rebasing: buffer[bufferedByteCount...]).copyBytes(from: part)
            bufferedByteCount += part.count
            rest = rest.dropFirst(part.count)
        }
    }

    private mutating func flush() throws {
        var rest = UnsafeRawBufferPointer(rebasing: buffer[..<bufferedByteCount])[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(output.rawValue, part.baseAddress, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw CommandFailure(ExitStatus.system, "cannot write the archive: \(Errno(rawValue: errno))")
            }
            rest = rest.dropFirst(count)
        }
        bufferedByteCount = 0
    }
}

/// A device number as the kernel and the C library pack it; makedev(3).
enum DeviceID {
    static func major(of device: dev_t) -> UInt32 {
        UInt32(truncatingIfNeeded: ((device >> 8) & 0xfff) | ((device >> 32) & ~0xfff))
    }

    static func minor(of device: dev_t) -> UInt32 {
        UInt32(truncatingIfNeeded: (device & 0xff) | ((device >> 12) & ~0xff))
    }
}
