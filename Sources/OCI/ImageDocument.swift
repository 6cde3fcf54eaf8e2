import FoundationEssentials

/// What `/manifests/` and an index lead to: a manifest, or a further index.
public enum ImageDocument: Hashable, Sendable {
    case index(ImageIndex)
    case manifest(Manifest)

    /// Decides by the `mediaType` in the document and by its members; the media type that came with it is a hint that
    /// servers get wrong.
    ///
    /// A document that could be read both ways is refused: two programs that verify the same digest must not see two
    /// different images (CVE-2021-41190).
    public init(_ document: Document) throws(ImageError) {
        let subject = "document \(document.digest)"
        let shape = try decode(DocumentShape.self, from: document.bytes, of: subject)
        if shape.isSchema1 || shape.mediaType.map(MediaType.isSchema1) ?? false {
            throw ImageError(
                .unsupported,
                "\(subject) is a Docker schema 1 manifest, a format that was given up in 2017; push the image again with"
                    + " a current tool")
        }
        guard !(shape.hasManifests && (shape.hasLayers || shape.hasConfig)) else {
            throw ImageError(.invalid, "\(subject) is both an index and a manifest")
        }
        if let type = shape.mediaType, !MediaType.isIndex(type), !MediaType.isManifest(type) {
            throw ImageError(.unsupported, "\(subject) is neither an image nor an index, but \(quoted(type))")
        }
        guard shape.hasManifests || shape.hasLayers || shape.hasConfig || shape.mediaType != nil else {
            throw ImageError(
                .unsupported, "\(subject) is neither a manifest nor an index: it has no layers or manifests")
        }
        let isIndex = shape.mediaType.map(MediaType.isIndex) ?? shape.hasManifests
        guard isIndex ? !(shape.hasLayers || shape.hasConfig) : !shape.hasManifests else {
            throw ImageError(
                .invalid, "\(subject) calls itself \(quoted(shape.mediaType ?? "")), and its members say otherwise")
        }
        guard shape.schemaVersion == 2 else {
            let version = shape.schemaVersion.map { "schemaVersion \($0)" } ?? "no schemaVersion"
            throw ImageError(.unsupported, "\(subject) has \(version), only 2 is known")
        }
        if isIndex {
            self = .index(try decode(ImageIndex.self, from: document.bytes, of: subject))
        } else {
            self = .manifest(try decode(Manifest.self, from: document.bytes, of: subject))
        }
    }
}

/// The members that tell indexes, manifests and schema 1 apart. A member that is null counts as absent.
private struct DocumentShape: Decodable {
    let schemaVersion: Int?
    let mediaType: String?
    let hasManifests: Bool
    let hasLayers: Bool
    let hasConfig: Bool
    let isSchema1: Bool

    enum CodingKeys: String, CodingKey {
        case schemaVersion, mediaType, manifests, layers, config, fsLayers
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func has(_ key: CodingKeys) throws -> Bool {
            try container.contains(key) && !container.decodeNil(forKey: key)
        }
        schemaVersion = try container.decodeIfPresent(Int.self, forKey: .schemaVersion)
        mediaType = try container.decodeIfPresent(String.self, forKey: .mediaType).flatMap { $0.isEmpty ? nil : $0 }
        hasManifests = try has(.manifests)
        hasLayers = try has(.layers)
        hasConfig = try has(.config)
        isSchema1 = try schemaVersion == 1 || has(.fsLayers)
    }
}
