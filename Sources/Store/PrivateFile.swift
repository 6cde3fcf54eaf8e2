import Glibc
import SystemPackage

/// A descriptor that is closed when nobody holds it any more.
final class PrivateFile: Sendable {
    let descriptor: FileDescriptor
    let path: String

    /// Opens `path` close-on-exec and never through a symbolic link. Files it creates are readable by the owner alone.
    /// Throws `StoreError`; nil when `path` does not exist and is not to be created.
    static func open(_ path: String, _ flags: Int32) throws(StoreError) -> PrivateFile? {
        let number = retrying { Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard number >= 0 else {
            if errno == ENOENT, flags & O_CREAT == 0 { return nil }
            throw .system("open \(path)", errno)
        }
        return PrivateFile(descriptor: FileDescriptor(rawValue: number), path: path)
    }

    /// Creates `path`, which must not exist, for reading and writing.
    static func create(_ path: String) throws(StoreError) -> PrivateFile {
        guard let file = try open(path, O_RDWR | O_CREAT | O_EXCL) else { throw .system("create \(path)", ENOENT) }
        return file
    }

    private init(descriptor: FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        // What was written has been checked by write(2) and, where it matters, by fdatasync(2).
        _ = Glibc.close(descriptor.rawValue)
    }

    func byteCount() throws(StoreError) -> Int64 {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw .system("stat \(path)", errno) }
        return Int64(status.st_size)
    }

    /// Writes all of `bytes` at the file's position.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        let code = errnoOfWriting(bytes)
        guard code == 0 else { throw .system("write \(path)", code) }
    }

    /// Writes all of `bytes` at the file's position.
    func write(_ bytes: [UInt8]) throws(StoreError) {
        let code = bytes.withUnsafeBytes { errnoOfWriting($0) }
        guard code == 0 else { throw .system("write \(path)", code) }
    }

    private func errnoOfWriting(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = retrying { Glibc.write(descriptor.rawValue, start, rest.count) }
            guard count > 0 else { return count == 0 ? EIO : errno }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return 0
    }

    /// Reads into `buffer` from `offset` until it is full or the file ends. Returns how much was read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StoreError) -> Int {
        var done = 0
        while done < buffer.count, let start = buffer.baseAddress {
            let count = retrying {
                pread(descriptor.rawValue, start + done, buffer.count - done, off_t(offset) + done)
            }
            guard count >= 0 else { throw .system("read \(path)", errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// The whole file, if it has at most `limit` bytes; nil when it has more.
    func contents(limit: Int) throws(StoreError) -> [UInt8]? {
        let count = try byteCount()
        guard count <= limit else { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(count), alignment: 16)
        defer { buffer.deallocate() }
        return Array(buffer.prefix(try read(into: buffer, at: 0)))
    }

    /// Returns when the file's bytes are on the disk.
    func synchronize() throws(StoreError) {
        guard retrying({ fdatasync(descriptor.rawValue) }) == 0 else { throw .system("sync \(path)", errno) }
    }
}

extension PrivateFile {
    /// Writes `bytes` to the new file `path`.
    static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
        let file = try create(path)
        try file.write(bytes)
    }

    /// The contents of `path`; nil when there is no such file or it has more than `limit` bytes.
    static func read(_ path: String, limit: Int) throws(StoreError) -> [UInt8]? {
        guard let file = try open(path, O_RDONLY) else { return nil }
        return try file.contents(limit: limit)
    }
}

/// Repeats a system call that a signal interrupted.
func retrying<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
