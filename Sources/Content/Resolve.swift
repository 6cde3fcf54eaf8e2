public import OCI

/// Follows the name of `source` to the image for `platform`: index, manifest, config. Fetches no layer. Blocks.
///
/// - Parameters:
///   - platform: nil takes the best for this machine, and takes a single manifest whatever it is made for, since
///     looking into it needs no processor.
/// - Returns: the image, and the documents that led to it, the root first.
/// - Throws: `ImageError`, or what `source` throws.
public func resolve(
    _ source: any ImageSource, platform: Platform?, limits: ImageLimits = ImageLimits()
) throws -> (image: Image, documents: [Document]) {
    let resolver = Resolver(source: source, platform: platform, limits: limits)
    let root = try source.root()
    try resolver.check(
        byteCount: root.bytes.count, limits.maximumManifestByteCount, "manifest-size", of: "manifest \(root.digest)")
    return try resolver.follow([root], label: nil)
}

private struct Resolver {
    let source: any ImageSource
    let platform: Platform?
    let limits: ImageLimits

    /// - Parameters:
    ///   - trail: what led here from the root; its last document is followed.
    ///   - label: the platform that an index gave for the last document. It is more exact than the config's, which
    ///     for arm often has no variant.
    func follow(_ trail: [Document], label: Platform?) throws -> (image: Image, documents: [Document]) {
        guard let document = trail.last else { preconditionFailure("a trail starts with the root") }
        switch try inContext({ () throws(ImageError) in try ImageDocument(document) }) {
        case .manifest(let manifest): return try finish(trail, manifest, label: label)
        case .index(let index): return try choose(trail, index)
        }
    }

    private func choose(_ trail: [Document], _ index: ImageIndex) throws -> (image: Image, documents: [Document]) {
        guard trail.count <= limits.maximumIndexDepth else {
            throw error(.tooLarge, "indexes are nested more than \(limits.maximumIndexDepth) deep (limit index-depth)")
        }
        let images = index.manifests.filter { descriptor in
            let type = descriptor.mediaType
            return !descriptor.isAttestation && (type.isEmpty || MediaType.isIndex(type) || MediaType.isManifest(type))
        }
        if let best = (platform ?? .host).best(of: images) {
            return try follow(trail + [try document(best)], label: best.platform)
        }
        // Only the documents themselves can tell what these are for: nested indexes, and images of simple builders.
        let unlabelled = images.filter { $0.platform == nil }
        guard unlabelled.count <= limits.maximumUnlabelledManifestCount else {
            throw error(
                .tooLarge,
                "the index has \(unlabelled.count) manifests without a platform,"
                    + " \(limits.maximumUnlabelledManifestCount) are allowed (limit unlabelled-manifests)")
        }
        if unlabelled.count == 1, images.count == 1 {
            return try follow(trail + [try document(unlabelled[0])], label: nil)
        }
        let strict = Resolver(source: source, platform: platform ?? .host, limits: limits)
        var offered = images.compactMap { $0.platform?.normalized }
        for descriptor in unlabelled {
            do {
                return try strict.follow(trail + [try document(descriptor)], label: nil)
            } catch let error as ImageError {
                guard let others = error.offeredPlatforms else { throw error }
                offered += others
            }
        }
        throw ImageError.noImage(for: platform ?? .host, in: source.name, offered: offered)
    }

    private func finish(
        _ trail: [Document], _ manifest: Manifest, label: Platform?
    ) throws -> (image: Image, documents: [Document]) {
        let manifestDigest = trail[trail.count - 1].digest
        try check(layersOf: manifest, manifestDigest)
        let config = try configDocument(manifest.config)
        let contents = try inContext { () throws(ImageError) in try ImageConfig(config) }
        let diffIDs = contents.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw error(
                .invalid,
                "manifest \(manifestDigest) has \(manifest.layers.count) layers, its config \(config.digest) has"
                    + " \(diffIDs.count) diffIDs")
        }
        let imagePlatform = label?.normalized ?? contents.platform
        if let platform, label == nil, contents.architecture != nil, !platform.runs(imagePlatform) {
            throw ImageError.noImage(for: platform, in: source.name, offered: [imagePlatform])
        }
        try check(contentsOf: manifest, diffIDs)
        let layers = zip(manifest.layers, diffIDs).map { Image.Layer(descriptor: $0, diffID: $1) }
        let image = Image(
            name: source.name, rootDigest: trail[0].digest, manifestDigest: manifestDigest,
            configDigest: config.digest, platform: imagePlatform, layers: layers)
        return (image, trail + [config])
    }
}

extension Resolver {
    private func check(layersOf manifest: Manifest, _ digest: Digest) throws {
        guard manifest.layers.count <= limits.maximumLayerCount else {
            throw error(
                .tooLarge,
                "manifest \(digest) has \(manifest.layers.count) layers, \(limits.maximumLayerCount) are allowed"
                    + " (limit layers)")
        }
        for layer in manifest.layers {
            try check(
                byteCount: Int(layer.size), limits.maximumLayerByteCount, "blob-size", of: "layer \(layer.digest)")
            if MediaType.isForeignLayer(layer.mediaType) {
                throw error(
                    .unsupported,
                    "layer \(layer.digest) is a foreign layer (\(layer.mediaType)), not kept by registries")
            }
            if MediaType.isEncryptedLayer(layer.mediaType) {
                throw error(.unsupported, "layer \(layer.digest) is encrypted (\(layer.mediaType))")
            }
        }
    }

    /// A blob can be in an image twice, but it has one content.
    private func check(contentsOf manifest: Manifest, _ diffIDs: [Digest]) throws {
        var contents: [Digest: Digest] = [:]
        for (layer, diffID) in zip(manifest.layers, diffIDs) {
            if let other = contents.updateValue(diffID, forKey: layer.digest), other != diffID {
                throw error(.invalid, "layer \(layer.digest) has two diffIDs, \(other) and \(diffID)")
            }
        }
    }

    private func document(_ descriptor: Descriptor) throws -> Document {
        let subject = "manifest \(descriptor.digest)"
        try check(byteCount: Int(descriptor.size), limits.maximumManifestByteCount, "manifest-size", of: subject)
        let document = try source.manifest(descriptor)
        try check(document, is: descriptor, subject)
        return document
    }

    private func configDocument(_ descriptor: Descriptor) throws -> Document {
        let subject = "config \(descriptor.digest)"
        try check(byteCount: Int(descriptor.size), limits.maximumConfigByteCount, "config-size", of: subject)
        let document = Document(bytes: try source.config(descriptor), mediaType: descriptor.mediaType)
        try check(document, is: descriptor, subject)
        return document
    }

    /// Sources have checked this already; it costs little to depend on none of them for it.
    private func check(_ document: Document, is descriptor: Descriptor, _ subject: String) throws {
        guard document.bytes.count == descriptor.size else {
            throw error(.invalid, "\(subject) has \(document.bytes.count) bytes instead of \(descriptor.size)")
        }
        guard document.digest == descriptor.digest else {
            throw error(.invalid, "\(subject) came with content that has the digest \(document.digest)")
        }
    }

    func check(byteCount: Int, _ maximum: Int, _ limit: String, of subject: String) throws {
        guard byteCount <= maximum else {
            throw error(.tooLarge, "\(subject) has \(byteCount) bytes, \(maximum) are allowed (limit \(limit))")
        }
    }

    private func error(_ kind: FailureKind, _ problem: String) -> ImageError {
        ImageError(kind, "\(source.name): \(problem)")
    }

    private func inContext<Result>(_ body: () throws(ImageError) -> Result) throws -> Result {
        do throws(ImageError) {
            return try body()
        } catch {
            throw self.error(error.kind, error.description)
        }
    }
}
