internal import Glibc
public import OCI
public import SystemPackage

/// A whole file, read into memory of the process.
///
/// Not the file itself is mapped: one that shrinks or changes under a mapping, because a disk fails or somebody writes into the store, kills
/// the process with SIGBUS or leads it astray after its content has been checked. What was read stays what it was.
/// See `WideMemory`.
public final class LoadedFile: Sendable {
    /// Valid as long as this object lives, which the compiler may end after its last use: keep it where it is used from.
    /// Starts at a multiple of 64 bytes.
    public nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    private let memory: WideMemory

    /// More than any index or tree may have: their offsets have 32 bits.
    public static let maximumByteCount = 8 << 30

    /// Reads the file that `descriptor` refers to. `name` is for messages. A file that gets shorter meanwhile has the bytes
    /// that could be read.
    ///
    /// - Parameter scratch: a directory that may hold an unnamed file, for a large one.
    public init(descriptor: FileDescriptor, name: String, scratch: FilePath? = nil) throws(LoadedFileError) {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw LoadedFileError(name, Errno(rawValue: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw LoadedFileError(name, .invalidArgument) }
        guard status.st_size <= Self.maximumByteCount else { throw LoadedFileError(name, .fileTooLarge) }
        memory = WideMemory(byteCount: Int(status.st_size), directory: scratch?.string)
        let memory = memory.bytes
        var filled = 0
        while filled < memory.count {
            let count = pread(
                descriptor.rawValue, memory.baseAddress?.advanced(by: filled), memory.count - filled, off_t(filled))
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw LoadedFileError(name, Errno(rawValue: errno)) }
            if count == 0 { break }
            filled += count
        }
        bytes = UnsafeRawBufferPointer(start: memory.baseAddress, count: filled)
    }

    /// Reads the file at `path`.
    public convenience init(path: FilePath) throws(LoadedFileError) {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw LoadedFileError(path.string, (error as? Errno) ?? .ioError)
        }
        // The descriptor was only read through: a failing close loses nothing.
        defer { _ = Glibc.close(descriptor.rawValue) }
        try self.init(descriptor: descriptor, name: path.string)
    }

    /// The same bytes without a file.
    public convenience init(bytes content: [UInt8]) {
        self.init(byteCount: content.count) { $0.copyBytes(from: content) }
    }

    /// What `write` makes of `byteCount` zeros, without a file. `scratch` as above.
    public init(byteCount: Int, scratch: FilePath? = nil, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        memory = WideMemory(byteCount: byteCount, directory: scratch?.string)
        write(memory.bytes)
        bytes = UnsafeRawBufferPointer(memory.bytes)
    }
}

/// A file that cannot be read.
public struct LoadedFileError: DescribedError, Equatable {
    public var name: String
    /// `invalidArgument` also for what is no regular file.
    public var code: Errno

    init(_ name: String, _ code: Errno) {
        self.name = name
        self.code = code
    }

    public var kind: FailureKind { code == .noSuchFileOrDirectory ? .notFound : .io }

    public var description: String { "cannot read \(name): \(code)" }
}
