internal import Glibc
internal import SystemPackage

/// Memory for an index or a tree, zeroed, starting at a multiple of 64 bytes.
///
/// A large one is in a file of its own that has no name: the kernel can write it out when memory is short, which it
/// cannot do with memory of the process where there is no swap, and nobody else can shrink or change it. Its blocks are
/// there from the start, so a full disk is noticed then. Where that does not work it is memory like any other.
final class WideMemory: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
    private let isMapped: Bool

    /// From here on a file is worth it.
    static let fileByteCount = 16 << 20

    /// - Parameter directory: where the file may be.
    init(byteCount: Int, directory: String?) {
        if byteCount >= Self.fileByteCount, let directory, let mapped = Self.map(byteCount, in: directory) {
            bytes = mapped
            isMapped = true
        } else {
            bytes = .allocate(byteCount: byteCount, alignment: 64)
            _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
            isMapped = false
        }
    }

    deinit {
        if isMapped { munmap(bytes.baseAddress, bytes.count) } else { bytes.deallocate() }
    }

    /// linux/fcntl.h; the macro is not imported.
    private static let unnamedFile: Int32 = 0o20000000 | O_DIRECTORY

    private static func map(_ byteCount: Int, in directory: String) -> UnsafeMutableRawBufferPointer? {
        let file = open(directory, unnamedFile | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        // The mapping keeps the file.
        defer { close(file) }
        guard posix_fallocate(file, 0, off_t(byteCount)) == 0 else { return nil }
        let start = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        guard let start, start != MAP_FAILED else { return nil }
        return UnsafeMutableRawBufferPointer(start: start, count: byteCount)
    }
}
