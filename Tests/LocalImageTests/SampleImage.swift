import Content
import FoundationEssentials
import OCI

/// A small image with all of its bytes.
struct SampleImage {
    let layers: [[UInt8]]
    let config: [UInt8]
    let manifest: [UInt8]

    /// The layers are tar archives of one file each.
    init(_ names: [String], platform: String = "linux/amd64") throws {
        layers = names.map { name in
            var writer = ArchiveWriter()
            writer.file(name, "content of \(name)")
            writer.end()
            return writer.bytes
        }
        config = try Self.encode(
            ImageConfig(platform: Platform(parsing: platform), diffIDs: layers.map { SHA256.digest(of: $0) }))
        manifest = try Self.encode(
            Manifest(
                config: Self.descriptor(config, MediaType.config),
                layers: layers.map { Self.descriptor($0, MediaType.layerTar) }))
    }

    static func encode(_ value: some Encodable) throws -> [UInt8] { Array(try JSONEncoder().encode(value)) }

    static func descriptor(_ bytes: [UInt8], _ mediaType: String) -> Descriptor {
        Descriptor(mediaType: mediaType, digest: SHA256.digest(of: bytes), size: Int64(bytes.count))
    }

    func descriptor(name: String? = nil, containerdName: String? = nil, platform: Platform? = nil) -> Descriptor {
        var descriptor = Self.descriptor(manifest, MediaType.manifest)
        var annotations: [String: String] = [:]
        annotations["org.opencontainers.image.ref.name"] = name
        annotations["io.containerd.image.name"] = containerdName
        descriptor.annotations = annotations.isEmpty ? nil : annotations
        descriptor.platform = platform
        return descriptor
    }

    var blobs: [[UInt8]] { layers + [config, manifest] }

    /// What is in a layout with these images, by path.
    static func layout(_ images: [SampleImage], index: [Descriptor]) throws -> [(String, [UInt8])] {
        var files = [
            ("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)),
            ("index.json", try encode(ImageIndex(manifests: index))),
        ]
        for blob in images.flatMap(\.blobs) { files.append(("blobs/sha256/" + SHA256.digest(of: blob).hex, blob)) }
        return files
    }

    /// The image resolves and all of its layers read back.
    func matches(_ source: any ImageSource) throws -> Bool {
        let image = try resolve(source, platform: nil).image
        guard image.configDigest == SHA256.digest(of: config), image.layers.count == layers.count else { return false }
        for (layer, bytes) in zip(image.layers, layers) {
            for offset in [0, 1, bytes.count - 1, bytes.count] {
                var read: [UInt8] = []
                try source.stream(layer.descriptor, from: Int64(offset)) { read += $0 }
                guard read == Array(bytes[offset...]) else { return false }
            }
        }
        return true
    }
}
