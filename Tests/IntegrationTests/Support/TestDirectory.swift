import Glibc
import Synchronization

/// A directory of a test's own, removed with it.
final class TestDirectory {
    let path: String

    init() throws {
        path = Self.uniquePath("dir")
        guard mkdir(path, 0o755) == 0 else { throw TestFailure("mkdir \(path): \(String(cString: strerror(errno)))") }
    }

    deinit { _ = try? run("rm", "-rf", "--one-file-system", path) }

    func path(_ name: String) -> String { path + "/" + name }

    func makeDirectory(_ name: String) throws -> String {
        let path = path(name)
        try output("mkdir", "-p", path)
        return path
    }

    /// A name that nothing else uses, below one directory for the whole test run.
    static func uniquePath(_ suffix: String) -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(base)/\(number).\(suffix)"
    }

    private static let counter = Atomic<Int>(0)

    private static let base: String = {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let path = "\(parent)/imgfs-tests.\(getpid())"
        mkdir(path, 0o755)
        // What objects that live to the end have left; nothing of it is mounted outside this run's mount namespace.
        atexit { _ = try? run("rm", "-rf", "--one-file-system", TestDirectory.base) }
        return path
    }()
}

func readBytes(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}

func readText(_ path: String) -> String { String(decoding: readBytes(path), as: UTF8.self) }

func write(_ bytes: [UInt8], to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TestFailure("open \(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var position = 0
    while position < bytes.count {
        let count = bytes[position...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw TestFailure("write \(path): \(String(cString: strerror(errno)))") }
        position += count
    }
}

func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }
