import CLinux
import Glibc
import SystemPackage

/// Small files of the kernel and of the system's configuration.
enum ProcessFiles {
    /// The whole file as text; nil when it cannot be read or is over `limit` bytes.
    static func text(_ path: String, limit: Int = 64 << 20) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= limit else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// What a symbolic link of /proc says; nil when there is none.
    static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { readlink(path, $0, characters.count) } ?? -1
            }
        }
        return count >= 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// The mount that an open descriptor is on; nil on kernels that do not tell.
    static func mountID(of descriptor: FileDescriptor) -> UInt64? {
        guard let text = text("/proc/self/fdinfo/\(descriptor.rawValue)") else { return nil }
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == ":" || $0 == "\t" || $0 == " " })
            if fields.first == "mnt_id", fields.count > 1 { return UInt64(fields[1]) }
        }
        return nil
    }

    /// Inode number of this thread's mount namespace; 0 when /proc is not there.
    static func mountNamespace() -> UInt64 {
        var status = stat()
        return stat("/proc/thread-self/ns/mnt", &status) == 0 ? UInt64(status.st_ino) : 0
    }
}

/// The process's environment.
func currentEnvironment() -> [String: String] {
    var values: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") {
            values[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        next += 1
    }
    return values
}
