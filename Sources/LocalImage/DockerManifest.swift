import FoundationEssentials
import OCI

/// An image in the `manifest.json` of an archive of `docker save`.
struct DockerManifest: Decodable {
    /// The path of the config in the archive.
    let config: String
    /// References, `redis:latest`; none for an image that was saved by its ID.
    let repositoryTags: [String]
    /// Paths of the layers in the archive, the lowest first.
    let layers: [String]

    static let fileName = "manifest.json"

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repositoryTags = "RepoTags"
        case layers = "Layers"
    }

    init(config: String, repositoryTags: [String], layers: [String]) {
        self.config = config
        self.repositoryTags = repositoryTags
        self.layers = layers
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        config = try container.decode(String.self, forKey: .config)
        repositoryTags = try container.decodeIfPresent([String].self, forKey: .repositoryTags) ?? []
        layers = try container.decodeIfPresent([String].self, forKey: .layers) ?? []
    }

    /// Reads `manifest.json`; nil when it is not a list of images.
    static func list(_ bytes: [UInt8]) -> [DockerManifest]? {
        try? JSONDecoder().decode([DockerManifest].self, from: Data(bytes))
    }

    /// The image with this reference among its tags; without a reference the only image.
    ///
    /// - Throws: an error that lists what there is. `path` is the archive's.
    static func choose(
        from images: [DockerManifest], reference: Reference?, path: String
    ) throws(LocalImageError) -> DockerManifest {
        let names = images.flatMap(\.repositoryTags)
        let offer = names.isEmpty ? "its images have no tags" : "there is \(LocalImageError.list(names))"
        guard let reference else {
            guard let first = images.first else { throw LocalImageError(.notFound, "\(path) has no images") }
            guard images.count == 1 else {
                throw LocalImageError(
                    .usage, "\(path) has \(images.count) images; write docker-archive:\(path):REFERENCE; \(offer)")
            }
            return first
        }
        let match = images.last { image in
            image.repositoryTags.contains { (try? Reference(parsing: $0)) == reference }
        }
        guard let match else {
            throw LocalImageError(.notFound, "\(path) has no image \(reference.familiar); \(offer)")
        }
        return match
    }
}
