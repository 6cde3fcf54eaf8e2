import OCI
import SystemPackage

/// Bytes that stand together in a file: a blob in a layout, a member of an archive.
struct FileRegion: Sendable {
    let file: OpenFile
    /// Where in the file.
    let offset: Int64
    let byteCount: Int64

    init(of file: OpenFile) {
        self.init(of: file, offset: 0, byteCount: file.byteCount)
    }

    init(of file: OpenFile, offset: Int64, byteCount: Int64) {
        self.file = file
        self.offset = offset
        self.byteCount = byteCount
    }

    /// All bytes; an error when these are more than `maximumByteCount`.
    func bytes(maximumByteCount: Int, _ subject: String) throws(LocalImageError) -> [UInt8] {
        guard byteCount <= maximumByteCount else {
            throw LocalImageError(
                .tooLarge,
                "\(subject) in \(file.name) has \(byteCount) bytes, \(maximumByteCount) are allowed"
                    + " (limits manifest-size, config-size)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(byteCount))
        var done = 0
        while done < bytes.count {
            let count = try bytes.withUnsafeMutableBufferPointer { buffer throws(LocalImageError) in
                let rest = UnsafeMutableBufferPointer(rebasing: buffer[done...])
                return try read(into: UnsafeMutableRawBufferPointer(rest), at: Int64(done))
            }
            done += count
        }
        return bytes
    }

    /// Gives the bytes from `start` on to `sink`, up to a mebibyte at a time.
    func stream(from start: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        precondition(start >= 0, "a stream starts in the blob, not before it")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var position = start
        while position < byteCount {
            let wanted = Int(min(Int64(buffer.count), byteCount - position))
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: position)
            try sink(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            position += Int64(count)
        }
    }

    /// At least one byte.
    func read(into buffer: UnsafeMutableRawBufferPointer, at position: Int64) throws(LocalImageError) -> Int {
        let count: Int
        do {
            count = try file.descriptor.read(fromAbsoluteOffset: offset + position, into: buffer)
        } catch {
            throw LocalImageError(.io, "\(file.name) cannot be read: \(error)")
        }
        guard count > 0 else { throw LocalImageError(.invalid, "\(file.name) became shorter while it was read") }
        return count
    }
}
