import Content
import OCI

extension Archive {
    /// A manifest for the image that `manifest.json` describes, with the layers as they are in the archive.
    ///
    /// The digest of an uncompressed layer is its diffID, which unpacking verifies; that of a compressed one is computed
    /// here, unless its path says it.
    func madeUpContents(
        _ reference: Reference?, name: String, limits: ImageLimits
    ) throws(LocalImageError) -> ArchiveContents {
        guard let region = region(DockerManifest.fileName) else {
            throw LocalImageError(
                .invalid, "\(file.name) is not an archive of images: it has neither manifest.json nor an OCI layout")
        }
        let bytes = try region.bytes(maximumByteCount: limits.maximumManifestByteCount, DockerManifest.fileName)
        guard let images = DockerManifest.list(bytes) else {
            throw LocalImageError(
                .invalid, "manifest.json in \(file.name) is not a JSON list of images with Config and Layers")
        }
        let image = try DockerManifest.choose(from: images, reference: reference, path: file.name)

        let configRegion = try member(image.config)
        let configBytes = try configRegion.bytes(maximumByteCount: limits.maximumConfigByteCount, "the config")
        let config = Document(bytes: configBytes, mediaType: MediaType.dockerConfig)
        let diffIDs = try LocalImageError.naming(file.name) { () throws(ImageError) in
            try ImageConfig(config).rootfs.diffIDs
        }
        guard diffIDs.count == image.layers.count else {
            throw LocalImageError(
                .invalid,
                "manifest.json in \(file.name) has \(image.layers.count) layers, the config \(config.digest) has"
                    + " \(diffIDs.count) diffIDs")
        }
        guard image.layers.count <= limits.maximumLayerCount else {
            throw LocalImageError(
                .tooLarge,
                "\(file.name): the image has \(image.layers.count) layers, \(limits.maximumLayerCount) are allowed"
                    + " (limit layers)")
        }

        var regions = [config.digest: configRegion]
        var layers: [Descriptor] = []
        for (path, diffID) in zip(image.layers, diffIDs) {
            let region = try member(path)
            let layer = try Self.descriptor(of: region, path: path, diffID: diffID)
            regions[layer.digest] = region
            layers.append(layer)
        }
        let manifest = Manifest(
            mediaType: MediaType.dockerManifest,
            config: Descriptor(
                mediaType: config.mediaType, digest: config.digest, size: Int64(config.bytes.count)),
            layers: layers)
        return ArchiveContents(
            name: name, archive: self, root: try Document(encoding: manifest, mediaType: MediaType.dockerManifest),
            madeUp: regions)
    }

    private func member(_ path: String) throws(LocalImageError) -> FileRegion {
        guard let region = region(path) else {
            throw LocalImageError(.invalid, "\(file.name) has no file \(quoted(path)), which its manifest.json names")
        }
        return region
    }

    private static func descriptor(
        of region: FileRegion, path: String, diffID: Digest
    ) throws(LocalImageError) -> Descriptor {
        guard let compression = try region.compression() else {
            return Descriptor(mediaType: MediaType.dockerLayerTar, digest: diffID, size: region.byteCount)
        }
        let mediaType = compression == .gzip ? MediaType.dockerLayerGzip : MediaType.layerZstd
        let blobs = "blobs/sha256/"
        let named = path.hasPrefix(blobs) ? Digest(hex: path.dropFirst(blobs.count)) : nil
        let digest = if let named { named } else { try region.digest() }
        return Descriptor(mediaType: mediaType, digest: digest, size: region.byteCount)
    }
}

extension FileRegion {
    enum Compression: String { case gzip, zstd }

    /// What the first bytes say, gzip (RFC 1952) or zstd (RFC 8878); nil for everything else.
    func compression() throws(LocalImageError) -> Compression? {
        let start = FileRegion(of: file, offset: offset, byteCount: min(byteCount, 4))
        let magic = try start.bytes(maximumByteCount: 4, "the start")
        if magic.starts(with: [0x1f, 0x8b]) { return .gzip }
        return magic == [0x28, 0xb5, 0x2f, 0xfd] ? .zstd : nil
    }

    fileprivate func digest() throws(LocalImageError) -> Digest {
        var hasher = SHA256()
        do {
            try stream(from: 0) { hasher.update($0) }
        } catch let error as LocalImageError {
            throw error
        } catch {
            throw LocalImageError(.fault, "\(file.name): \(error)")
        }
        return hasher.digest
    }
}
