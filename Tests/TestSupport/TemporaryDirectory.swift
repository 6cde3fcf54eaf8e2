import Glibc

/// A directory of one test, removed with everything in it when the last reference goes.
///
/// What is mounted in it is left alone, and not looked into: the test's own process may be the one that serves it.
public final class TemporaryDirectory: Sendable {
    /// Absolute; for its owner alone.
    public let path: String

    public init() {
        var template = Array("/tmp/imgfs-test.XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, mkdtemp(start) != nil else { fatalError("no temporary directory") }
            return String(cString: start)
        }
    }

    deinit { Self.remove(path) }

    /// The path of `name` in here.
    public func callAsFunction(_ name: String) -> String { path + "/" + name }

    /// The names in the directory `path`, sorted; none when it is not there.
    public static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Asks the directory above before it looks inside: where something is mounted that says EBUSY.
    private static func remove(_ path: String) {
        if unlink(path) == 0 || errno != EISDIR { return }
        if rmdir(path) == 0 || errno != ENOTEMPTY { return }
        for name in names(in: path) { remove(path + "/" + name) }
        if rmdir(path) != 0 { perror(path) }
    }
}
