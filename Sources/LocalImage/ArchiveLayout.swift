import Content
import OCI

extension Archive {
    /// The index or manifest of the image in the OCI layout that the archive is.
    ///
    /// Nil when it is none, or when its index does not name the image and `manifest.json` has to.
    func layoutRoot(_ reference: Reference?, limits: ImageLimits) throws(LocalImageError) -> Document? {
        guard let marker = region(LayoutMarker.fileName), let indexRegion = region("index.json") else { return nil }
        let markerBytes = try marker.bytes(maximumByteCount: LayoutMarker.maximumByteCount, LayoutMarker.fileName)
        guard LayoutMarker.problem(with: markerBytes) == nil else { return nil }
        let bytes = try indexRegion.bytes(maximumByteCount: limits.maximumManifestByteCount, "index.json")
        let document = Document(bytes: bytes, mediaType: MediaType.index)
        let parsed = try LocalImageError.naming(file.name) { () throws(ImageError) in try ImageDocument(document) }
        guard case .index(let index) = parsed else { return nil }

        let layout = LayoutIndex(index)
        let hasManifest = region(DockerManifest.fileName) != nil
        switch layout.choice(reference: reference) {
        case .one(let descriptor):
            // An archive of one platform may have the index of all only by name.
            if hasManifest, region("blobs/sha256/" + descriptor.digest.hex) == nil { return nil }
            let contents = ArchiveContents(name: file.name, archive: self, root: document, madeUp: [:])
            return try contents.document(descriptor, maximumByteCount: limits.maximumManifestByteCount)
        case .platforms(let descriptors):
            return try Document(indexOf: descriptors)
        case .none, .ambiguous:
            if hasManifest { return nil }
            let offer =
                layout.names.isEmpty ? "its images have no names" : "there is \(LocalImageError.list(layout.names))"
            if let reference {
                throw LocalImageError(.notFound, "\(file.name) has no image \(reference.familiar); \(offer)")
            }
            throw LocalImageError(
                .usage, "\(file.name) has several images or none; write docker-archive:\(file.name):REFERENCE; \(offer)"
            )
        }
    }
}
