import Content
import Control
import FoundationEssentials
import OCI
import Store
import Threads

/// What is stored, and bringing more.
extension Service {
    func images() async throws -> [ImageRecord] {
        let stored = try await storeThreads.run { [store] in try store.images() }
        var records: [ImageRecord] = []
        for entry in stored { records.append(try await record(of: entry)) }
        return records.sorted { ($0.name, $0.platform) < ($1.name, $1.platform) }
    }

    private func record(of entry: StoredImage) async throws -> ImageRecord {
        let image = entry.image
        let sizes = try await storeThreads.run { [store] in try image.layers.map { try store.layerSize($0.diffID) } }
        return ImageRecord(
            name: image.name, familiarName: familiarName(of: image), platform: "\(entry.platform)",
            rootDigest: image.rootDigest, manifestDigest: image.manifestDigest,
            chainID: image.chainID ?? Image.emptyChainID, layerCount: image.layers.count,
            storedLayerCount: sizes.count { $0 != nil }, byteCount: image.layers.map(\.descriptor.size).reduce(0, +),
            storedByteCount: sizes.compactMap { $0?.storedByteCount }.reduce(0, +),
            resolvedAtSeconds: entry.resolvedAtSeconds)
    }

    /// A registry reference as short as people write it.
    private func familiarName(of image: Image) -> String {
        guard case .registry(let reference) = try? Source(parsing: image.name) else { return image.name }
        return reference.familiar
    }

    func inspect(_ request: SourceRequest, from caller: Caller) async throws -> ImageInspection {
        let image = try await resolver.resolve(request, from: caller).image
        let config = try await storeThreads.run { [store] in
            guard let bytes = try store.document(image.configDigest) else {
                throw DaemonError(
                    .notFound, "\(image.name): its config is not in the store; resolve it with pull=always")
            }
            return try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        }
        return ImageInspection(image: try await summary(of: image), config: config)
    }

    func pull(
        _ request: PullRequest, from caller: Caller, events: @escaping @Sendable (PullEvent) -> Void
    ) async throws -> ImageSummary {
        let resolved = try await resolver.resolve(request.image, from: caller)
        let before = try await summary(of: resolved.image)
        events(.resolved(before))
        let present = Set(before.layers.filter { $0.unpackedByteCount != nil }.map(\.diffID))
        let display = Task { [layers] in
            // Only the display looks again and again; the result is waited for.
            while !Task.isCancelled {
                report(before.layers, present: present, layers: layers, events)
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        defer { display.cancel() }
        _ = try await chains.open(resolved.chain)
        display.cancel()
        let after = try await summary(of: resolved.image)
        for (position, layer) in after.layers.enumerated() {
            events(
                .layer(
                    LayerProgress(
                        position: position, digest: layer.digest,
                        state: present.contains(layer.diffID) ? .present : .done, fetchedByteCount: layer.byteCount,
                        byteCount: layer.byteCount, unpackedByteCount: layer.unpackedByteCount ?? 0)))
        }
        return after
    }

    private func summary(of image: Image) async throws -> ImageSummary {
        let sizes = try await storeThreads.run { [store] in try image.layers.map { try store.layerSize($0.diffID) } }
        let layers = image.layers.indices.map { position in
            let layer = image.layers[position]
            return LayerSummary(
                digest: layer.descriptor.digest, mediaType: layer.descriptor.mediaType,
                byteCount: layer.descriptor.size, diffID: layer.diffID, chainID: image.chainIDs[position],
                unpackedByteCount: sizes[position]?.archiveByteCount)
        }
        return ImageSummary(
            name: image.name, platform: "\(image.platform)", rootDigest: image.rootDigest,
            manifestDigest: image.manifestDigest, configDigest: image.configDigest,
            chainID: image.chainID ?? Image.emptyChainID, layers: layers)
    }
}

private func report(
    _ summaries: [LayerSummary], present: Set<Digest>, layers: LayerFlights, _ events: (PullEvent) -> Void
) {
    for (position, layer) in summaries.enumerated() {
        guard !present.contains(layer.diffID), let transfer = layers.transfer(of: layer.diffID) else { continue }
        events(
            .layer(
                LayerProgress(
                    position: position, digest: layer.digest, state: .fetching,
                    fetchedByteCount: transfer.fetchedByteCount, byteCount: layer.byteCount,
                    unpackedByteCount: transfer.unpackedByteCount)))
    }
}
