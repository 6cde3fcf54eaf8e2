import Content
import Glibc
import OCI

/// An image that a test makes: an OCI layout on disk, with the tag `latest`.
final class TestImage {
    let directory: TestDirectory
    let path: String
    private(set) var layers: [Layer] = []

    struct Layer {
        /// The blob as it is in the layout.
        var digest: Digest
        var size: Int
        var diffID: Digest
        var mediaType: String
    }

    enum Compression { case gzip, zstd, none }

    /// What mounts it without a server.
    var source: String { "oci:\(path)" }

    init() throws {
        directory = try TestDirectory()
        path = try directory.makeDirectory("layout")
        try output("mkdir", "-p", path + "/blobs/sha256")
        try write(#"{"imageLayoutVersion":"1.0.0"}"#, to: path + "/oci-layout")
    }

    /// An image whose layers are what each shell script leaves in an empty directory, lowest layer first.
    ///
    /// `config`: the config's member of that name.
    convenience init(
        scripts: [String], compression: Compression = .gzip, config: String = #"{"Cmd":["/bin/sh"]}"#
    ) throws {
        try self.init()
        for (number, script) in scripts.enumerated() {
            let tree = try directory.makeDirectory("tree\(number)")
            try shell("cd '\(tree)'; \(script)")
            let tar = directory.path("layer\(number).tar")
            try output("tar", "-C", tree, "--format=pax", "--xattrs", "--xattrs-include=*", "-cf", tar, ".")
            try add(tar: tar, compression: compression)
        }
        try finish(config: config)
    }

    /// Adds a layer; the archive is taken away.
    func add(tar: String, compression: Compression = .gzip) throws {
        let diffID = try digest(ofFile: tar)
        var blob = tar
        var mediaType = "application/vnd.oci.image.layer.v1.tar"
        switch compression {
        case .gzip:
            try output("gzip", "-n", "-1", tar)
            blob += ".gz"
            mediaType += "+gzip"
        case .zstd:
            try output("zstd", "-q", "--rm", tar)
            blob += ".zst"
            mediaType += "+zstd"
        case .none: break
        }
        try add(blob: blob, diffID: diffID, mediaType: mediaType)
    }

    /// Adds a layer whose blob is `file` as it is, whatever it holds; the file is taken away.
    func add(blob file: String, diffID: Digest, mediaType: String) throws {
        let digest = try digest(ofFile: file)
        let text = try output("stat", "-c", "%s", file).filter(\.isNumber)
        guard let size = Int(text) else { throw TestFailure("no size of \(file)") }
        try output("mv", file, path(of: digest))
        layers.append(Layer(digest: digest, size: size, diffID: diffID, mediaType: mediaType))
    }

    /// Writes config, manifest and index. `diffIDs`: what the config says, when that is not the truth.
    func finish(
        diffIDs: [Digest]? = nil, architecture: String? = nil, config execution: String = #"{"Cmd":["/bin/sh"]}"#
    ) throws {
        let architecture = architecture ?? Self.hostArchitecture
        let ids = (diffIDs ?? layers.map(\.diffID)).map { "\"\($0)\"" }.joined(separator: ",")
        let config = try add(
            document: """
                {"architecture":"\(architecture)","os":"linux","config":\(execution),\
                "rootfs":{"type":"layers","diff_ids":[\(ids)]}}
                """)
        let descriptors = layers.map {
            #"{"mediaType":"\#($0.mediaType)","digest":"\#($0.digest)","size":\#($0.size)}"#
        }
        let manifest = try add(
            document: """
                {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
                "config":{"mediaType":"application/vnd.oci.image.config.v1+json",\
                "digest":"\(config.0)","size":\(config.1)},"layers":[\(descriptors.joined(separator: ","))]}
                """)
        try write(
            """
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "digest":"\(manifest.0)","size":\(manifest.1),\
            "annotations":{"org.opencontainers.image.ref.name":"latest"}}]}
            """, to: path + "/index.json")
    }

    /// The host's processor as image configs name it.
    static let hostArchitecture: String = {
        var name = utsname()
        uname(&name)
        let machine = withUnsafeBytes(of: &name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return ["x86_64": "amd64", "aarch64": "arm64"][machine] ?? machine
    }()

    func path(of digest: Digest) -> String { "\(path)/blobs/sha256/\(digest.hex)" }

    /// The chainID of the whole image.
    var chainID: Digest { ChainID.chain(of: layers.map(\.diffID)).last ?? Image.emptyChainID }

    private func add(document: String) throws -> (Digest, Int) {
        let bytes = Array(document.utf8)
        let digest = SHA256.digest(of: bytes)
        try write(bytes, to: path(of: digest))
        return (digest, bytes.count)
    }
}

func digest(ofFile path: String) throws -> Digest {
    try Digest(parsing: "sha256:" + output("sha256sum", path).prefix(64))
}
