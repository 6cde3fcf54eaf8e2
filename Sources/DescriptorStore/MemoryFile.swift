import CLinux
import Glibc
public import SystemPackage

/// Memory that outlives this process when its descriptor is kept: a memory file, memfd_create(2), with its first bytes
/// mapped.
///
/// What is written stays written however the process ends. It cannot shrink, so that no access ever fails.
public final class MemoryFile: @unchecked Sendable {
    // Unchecked: whoever uses the memory says who writes what.
    public let descriptor: FileDescriptor
    public let memory: UnsafeMutableRawPointer
    private let byteCount: Int

    /// A new one of zeros. `name` is for /proc.
    public init(name: String, byteCount: Int) throws(Errno) {
        let descriptor = imgfs_memory_file(name, byteCount)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        (memory, self.byteCount) = (try Self.map(descriptor, byteCount), byteCount)
        self.descriptor = FileDescriptor(rawValue: descriptor)
    }

    /// One that a predecessor made; owns the descriptor from here on, also when it throws.
    public init(adopting descriptor: FileDescriptor, byteCount: Int) throws(Errno) {
        var status = stat()
        guard imgfs_cannot_shrink(descriptor.rawValue) == 1, fstat(descriptor.rawValue, &status) == 0,
            status.st_size >= byteCount
        else {
            _ = close(descriptor.rawValue)
            throw .invalidArgument
        }
        (memory, self.byteCount) = (try Self.map(descriptor.rawValue, byteCount), byteCount)
        self.descriptor = descriptor
    }

    deinit {
        munmap(memory, byteCount)
        _ = close(descriptor.rawValue)
    }

    private static func map(_ descriptor: Int32, _ byteCount: Int) throws(Errno) -> UnsafeMutableRawPointer {
        let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let memory, memory != MAP_FAILED else {
            let code = Errno(rawValue: errno)
            _ = close(descriptor)
            throw code
        }
        return memory
    }
}
