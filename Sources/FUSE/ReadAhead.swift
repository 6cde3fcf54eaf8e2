import CLinux
import Glibc
import SystemPackage

/// A file system's device number, as in `st_dev`.
struct DeviceNumber: Equatable, Sendable, CustomStringConvertible {
    var major: UInt32
    var minor: UInt32

    var description: String { "\(major):\(minor)" }
}

/// How far ahead of a reader the kernel reads. Its default for FUSE is 128 KiB; image layers are read in large pieces
/// from one flat file, which pays off with more.
enum ReadAhead {
    /// More brings nothing to who reads in order, and fills the page cache for programs, which the kernel reads by as much
    /// around each page that they touch.
    static let byteCount = 512 << 10

    /// See Documentation/ABI/testing/sysfs-class-bdi in the kernel. Needs root; without it the default stays.
    static func set(byteCount: Int, for device: DeviceNumber) throws(Errno) {
        do {
            let file = try FileDescriptor.open("/sys/class/bdi/\(device)/read_ahead_kb", .writeOnly)
            _ = try file.closeAfter { try file.writeAll("\(byteCount >> 10)\n".utf8) }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }
}
