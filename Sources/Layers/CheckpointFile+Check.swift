import Compression
import Glibc
public import SystemPackage

extension CheckpointFile {
    /// Compares the file with the layer's archive, whose bytes are taken to be right: its length, and the window of each
    /// checkpoint with what the archive has there. Reads up to 32 KiB for each MiB of the archive.
    ///
    /// Where in the blob a checkpoint begins cannot be compared with anything: the blob is not kept. It is as good as the
    /// file's checksum.
    public func check(against archive: FileDescriptor) throws(Fault) {
        var status = stat()
        guard fstat(archive.rawValue, &status) == 0, UInt64(status.st_size) == archiveByteCount else {
            throw Fault(description: "they are for an archive of \(archiveByteCount) bytes")
        }
        for position in 0..<count {
            let checkpoint = try checkpoint(at: position)
            let window = checkpoint.window
            guard UInt64(window.count) <= checkpoint.byteOffset,
                try Self.bytes(of: archive, at: checkpoint.byteOffset - UInt64(window.count), count: window.count)
                    == window
            else {
                throw Fault(description: "the window of checkpoint \(position) is not what the archive has there")
            }
        }
    }

    static func bytes(
        of archive: FileDescriptor, at offset: UInt64, count: Int
    ) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = bytes.withUnsafeMutableBytes {
                pread(archive.rawValue, $0.baseAddress?.advanced(by: filled), count - filled, off_t(offset) + filled)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw Fault(description: "the archive cannot be read: \(Errno(rawValue: errno))") }
            guard read > 0 else { throw Fault(description: "the archive is cut off") }
            filled += read
        }
        return bytes
    }
}
