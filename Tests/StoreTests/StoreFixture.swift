import Content
import Glibc
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

extension TemporaryDirectory {
    /// Everything below, parents first.
    static func walk(_ path: String) -> [String] {
        names(in: path).flatMap { name -> [String] in
            let child = path + "/" + name
            var status = stat()
            let isDirectory = lstat(child, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            return [child] + (isDirectory ? walk(child) : [])
        }
    }

    func contains(_ name: String) -> Bool { access(path + "/" + name, F_OK) == 0 }

    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path + "/" + name), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    func write(_ text: String, to name: String) throws {
        let file = try FileDescriptor.open(
            FilePath(path + "/" + name), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
    }

    func read(_ name: String) throws -> String {
        let file = try FileDescriptor.open(FilePath(path + "/" + name), .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
}

/// A layer of random bytes with an index without entries.
struct TestLayer {
    let bytes: [UInt8]
    let diffID: Digest

    init(seed: UInt8, byteCount: Int = 3000) {
        bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(seed) &* 7) }
        diffID = SHA256.digest(of: bytes)
    }

    var index: [UInt8] {
        LayerIndexBuilder(limits: LayerLimits()).finish(diffID: diffID, byteCount: UInt64(bytes.count))
    }

    func publish(in store: Store, checkpoints: [UInt8]? = nil) throws {
        let staging = try store.stageLayer(diffID)
        try staging.data.writeAll(bytes)
        try staging.publish(index: index, checkpoints: checkpoints)
    }
}

extension LoadedFile {
    /// A copy; `bytes` alone does not keep the memory.
    var content: [UInt8] { withExtendedLifetime(self) { Array(bytes) } }
}

extension Store {
    /// Opens the store of a test as if the machine was in its boot number `boot`.
    static func open(_ directory: TemporaryDirectory, boot: Int = 1, _ change: (inout StoreOptions) -> Void = { _ in })
        throws -> Store
    {
        var options = StoreOptions()
        options.bootID = "boot-\(boot)"
        options.pruneGrace = .zero
        change(&options)
        return try Store.open(FilePath(directory.path), options: options)
    }

    var isStagingEmpty: Bool { TemporaryDirectory.walk(root.string + "/staging").isEmpty }
}

func digest(_ text: String) -> Digest { SHA256.digest(of: Array(text.utf8)) }

/// An image of these layers, with made-up blobs.
func makeImage(_ name: String, _ diffIDs: [Digest], version: String = "1") -> Image {
    Image(
        name: name, rootDigest: digest("root \(name) \(version)"),
        manifestDigest: digest("manifest \(name) \(version)"),
        configDigest: digest("config \(name) \(version)"), platform: Platform(os: "linux", architecture: "amd64"),
        layers: diffIDs.map { diffID in
            Image.Layer(
                descriptor: Descriptor(mediaType: "layer", digest: digest("blob \(diffID)"), size: 100), diffID: diffID)
        })
}
