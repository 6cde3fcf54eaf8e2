import Glibc
import OCI
import Store
import SystemPackage

/// A store of one test, removed with it.
final class StoreFixture: Sendable {
    let path: String
    let store: Store

    init() throws {
        var template = Array("/tmp/imgfs-layers-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, mkdtemp(start) != nil else { fatalError("no temporary directory") }
            return String(cString: start)
        }
        store = try Store.open(FilePath(path))
    }

    /// A store in a new directory at `path`.
    init(at path: String) throws {
        self.path = path
        store = try Store.open(FilePath(path))
    }

    deinit { Self.removeAll(path) }

    private static func removeAll(_ path: String) {
        for name in names(in: path) {
            let child = path + "/" + name
            if unlink(child) != 0 { removeAll(child) }
        }
        rmdir(path)
    }

    static func names(in path: String) -> [String] {
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

    /// What is in the store beside finished layers: staged directories and partial blobs.
    var leftovers: [String] {
        Self.names(in: path + "/staging") + Self.names(in: path + "/blobs/sha256")
    }

    var layers: [String] { Self.names(in: path + "/layers/sha256") }

    func bytes(of layer: StoredLayer) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(layer.byteCount))
        let count = try bytes.withUnsafeMutableBytes { try layer.data.read(fromAbsoluteOffset: 0, into: $0) }
        return Array(bytes.prefix(count))
    }
}
