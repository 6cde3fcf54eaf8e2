internal import Glibc
public import OCI
public import SystemPackage

/// A whole file in memory, read-only: mapped, so that its pages belong to the page cache and not to the process.
///
/// The file must not shrink while it is mapped. Files of the store never do: they are written once, published by
/// rename and removed by unlink, which leaves mappings as they are.
public final class MappedFile: Sendable {
    /// Valid as long as this object lives, which the compiler may end after its last use: keep it where it is used from.
    /// Starts at a multiple of 64 bytes.
    public nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    private let isMapping: Bool

    /// Maps the file that `descriptor` refers to, which need not stay open. `name` is for messages.
    public init(descriptor: FileDescriptor, name: String) throws(MappedFileError) {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw MappedFileError(name, Errno(rawValue: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw MappedFileError(name, .invalidArgument) }
        // mmap(2) refuses a length of 0.
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            isMapping = false
            return
        }
        guard
            let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor.rawValue, 0),
            start != MAP_FAILED
        else { throw MappedFileError(name, Errno(rawValue: errno)) }
        bytes = UnsafeRawBufferPointer(start: start, count: Int(status.st_size))
        isMapping = true
    }

    /// Maps the file at `path`.
    public convenience init(path: FilePath) throws(MappedFileError) {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        } catch {
            throw MappedFileError(path.string, (error as? Errno) ?? .ioError)
        }
        // The descriptor was only read through: a failing close loses nothing.
        defer { _ = Glibc.close(descriptor.rawValue) }
        try self.init(descriptor: descriptor, name: path.string)
    }

    /// The same bytes without a file.
    public init(bytes content: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 64)
        copy.copyBytes(from: content)
        bytes = UnsafeRawBufferPointer(copy)
        isMapping = false
    }

    deinit {
        if isMapping {
            munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        } else {
            bytes.deallocate()
        }
    }
}

/// A file that cannot be mapped.
public struct MappedFileError: DescribedError, Equatable {
    public var name: String
    /// `invalidArgument` also for what is no regular file.
    public var code: Errno

    init(_ name: String, _ code: Errno) {
        self.name = name
        self.code = code
    }

    public var kind: FailureKind { code == .noSuchFileOrDirectory ? .notFound : .io }

    public var description: String { "cannot map \(name): \(code)" }
}
