import Glibc
import OCI
import Store
import SystemPackage
import TestSupport

/// A store of one test, removed with it.
final class StoreFixture: Sendable {
    let path: String
    let store: Store
    private let directory: TemporaryDirectory?

    init() throws {
        let directory = TemporaryDirectory()
        self.directory = directory
        path = directory.path
        store = try Store.open(FilePath(path))
    }

    /// A store in a new directory at `path`, which stays.
    init(at path: String) throws {
        directory = nil
        self.path = path
        store = try Store.open(FilePath(path))
    }

    /// What is in the store beside finished layers: staged directories and partial blobs.
    var leftovers: [String] {
        TemporaryDirectory.names(in: path + "/staging") + TemporaryDirectory.names(in: path + "/blobs/sha256")
    }

    var layers: [String] { TemporaryDirectory.names(in: path + "/layers/sha256") }

    func bytes(of layer: StoredLayer) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(layer.byteCount))
        let count = try bytes.withUnsafeMutableBytes { try layer.data.read(fromAbsoluteOffset: 0, into: $0) }
        return Array(bytes.prefix(count))
    }
}
