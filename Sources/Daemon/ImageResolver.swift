import Content
import Control
import KeyedMutex
import LocalImage
import Logging
import OCI
import Registry
import Store
import SystemPackage
import Threads

/// Finds out what a source names: from the catalogue, or from the registry or file that has it.
final class ImageResolver: Sendable {
    private let store: Store
    private let registry: RegistryClient
    private let limits: ImageLimits
    private let resolveThreads: BlockingPool
    /// For the catalogue: what is stored is found also while every resolving thread waits for a registry.
    private let storeThreads: BlockingPool
    private let counters: EventCounters
    private let flights = Singleflight<ResolutionKey, Image>(rank: .resolve)

    /// What two callers have to agree on to share one resolution.
    private struct ResolutionKey: Hashable, Sendable, CustomStringConvertible {
        var source: Source
        var platform: Platform
        var isPlatformRequired: Bool
        var insecure: Bool
        var credentials: CredentialSource
        var description: String { "\(source) \(platform)" }
    }

    init(
        store: Store, registry: RegistryClient, limits: ImageLimits = ImageLimits(), resolveThreads: BlockingPool,
        storeThreads: BlockingPool, counters: EventCounters = EventCounters()
    ) {
        self.counters = counters
        self.store = store
        self.registry = registry
        self.limits = limits
        self.resolveThreads = resolveThreads
        self.storeThreads = storeThreads
    }

    var waits: [KeyWait] { flights.flights }

    /// The image that a request names, with the places that its layers can be fetched from.
    func resolve(_ request: SourceRequest, from caller: Caller) async throws -> ResolvedImage {
        let source = try Source(parsing: request.source)
        let platform = try request.platform.map { try Platform(parsing: $0) } ?? .host
        if case .chain(let chainID) = source { return try await chain(chainID, request, caller) }

        let name = source.description
        let isRequired = request.platform != nil
        let stored = try await storeThreads.run { [store] in
            try Self.usable(store.image(named: name, platform: platform), isRequired ? platform : nil)
        }
        switch (request.pull, source) {
        case (.never, _):
            guard let stored else {
                throw DaemonError(
                    .notFound, "\(name): not stored for \(platform), and pull=never forbids to ask for it")
            }
            return ResolvedImage(stored, origins: [origin(of: stored, source, request, caller)])
        case (.missing, .registry):
            if let stored { return ResolvedImage(stored, origins: [origin(of: stored, source, request, caller)]) }
        case (.missing, _), (.always, _):
            break
        }

        do {
            let image = try await lookUp(source, platform: platform, request, caller)
            return ResolvedImage(image, origins: [origin(of: image, source, request, caller)])
        } catch let error as any DescribedError where request.pull == .missing && error.kind == .notFound {
            // A layout or archive that was pulled once may be gone; what is stored of it still works, and the rest when it
            // is back.
            guard let stored else { throw error }
            return ResolvedImage(stored, origins: [origin(of: stored, source, request, caller)])
        }
    }

    private func lookUp(
        _ source: Source, platform: Platform, _ request: SourceRequest, _ caller: Caller
    ) async throws -> Image {
        let credentials = request.credentialSource(of: caller)
        let isRemote = if case .registry = source { true } else { false }
        let required = request.platform == nil ? nil : platform
        let mayUseStored = request.pull == .missing && isRemote
        let key = ResolutionKey(
            source: source, platform: platform, isPlatformRequired: required != nil, insecure: request.insecure,
            credentials: credentials)
        return try await flights.run(key, holder: source.description) { [self] in
            do {
                return try await resolveThreads.run { [store, registry, limits] in
                    // Nothing was stored a moment ago. What is stored now is fresh, also for one who wants it fresh.
                    if mayUseStored,
                        let stored = Self.usable(
                            try store.image(named: source.description, platform: platform), required)
                    {
                        return stored
                    }
                    let opened = try openSource(
                        source, registry: registry, limits: limits, insecure: request.insecure, credentials: credentials
                    )
                    // A platform that nobody asked for is a preference: a single manifest is taken as it is.
                    var (image, documents) = try Content.resolve(
                        KnownDocuments(of: opened, in: store), platform: required, limits: limits)
                    image.name = source.description
                    try store.add(documents)
                    try store.record(image, for: platform)
                    return image
                }
            } catch {
                counters.failed(.resolve, error)
                throw error
            }
        }
    }

    /// Under the host's platform an image for another one is stored, too, when nobody asked for a platform and there was
    /// no other. It is not for those who ask for the host's.
    private static func usable(_ stored: Image?, _ required: Platform?) -> Image? {
        guard let stored, let required else { return stored }
        return required.runs(stored.platform) ? stored : nil
    }

    private func origin(
        of image: Image, _ source: Source, _ request: SourceRequest, _ caller: Caller
    ) -> LayerOrigin {
        origin(
            of: image, source,
            LayerOrigin.Place(
                name: source.description, manifestDigest: image.manifestDigest, insecure: request.insecure,
                credentials: request.credentialSource(of: caller)))
    }

    /// The origin that a daemon before this one fetched from; nil when it is called something that is no source.
    func origin(of image: Image, at place: LayerOrigin.Place) -> LayerOrigin? {
        (try? Source(parsing: place.name)).map { origin(of: image, $0, place) }
    }

    private func origin(of image: Image, _ source: Source, _ place: LayerOrigin.Place) -> LayerOrigin {
        let isRemote = if case .registry = source { true } else { false }
        return LayerOrigin(
            image: image, place: place,
            open: { [registry, limits] in
                try openSource(
                    source, registry: registry, limits: limits, insecure: place.insecure, credentials: place.credentials
                )
            },
            isRemote: isRemote)
    }

    /// A chain that the store knows: whole, or the lower layers of an image.
    private func chain(_ chainID: Digest, _ request: SourceRequest, _ caller: Caller) async throws -> ResolvedImage {
        let images = try await storeThreads.run { [store] in try store.chain(chainID)?.images ?? [] }
        guard let first = images.first, let count = first.chainIDs.firstIndex(of: chainID) else {
            throw DaemonError(
                .notFound,
                "chain:\(chainID): no stored image has this chain; 'imgfs inspect IMAGE' lists an image's chains")
        }
        var image = first
        image.layers = Array(first.layers[...count])
        image.name = "chain:\(chainID)"
        let origins = images.compactMap { image -> LayerOrigin? in
            guard let source = try? Source(parsing: image.name) else { return nil }
            return origin(of: image, source, request, caller)
        }
        return ResolvedImage(image, origins: origins)
    }
}

/// An image, and where its layers can be fetched.
struct ResolvedImage: Sendable {
    let image: Image
    let origins: [LayerOrigin]

    init(_ image: Image, origins: [LayerOrigin]) {
        self.image = image
        self.origins = origins
    }

    var chain: Chain {
        Chain(
            chainID: image.chainID ?? Image.emptyChainID, diffIDs: image.layers.map(\.diffID), origins: origins,
            name: image.name)
    }
}

/// Opens the place that a source names. Blocks.
private func openSource(
    _ source: Source, registry: RegistryClient, limits: ImageLimits, insecure: Bool, credentials: CredentialSource
) throws -> any ImageSource {
    switch source {
    case .registry(let reference): registry.image(reference, insecure: insecure, credentials: credentials)
    case .layout(let path, let tag): try LayoutImage(path: FilePath(path), tag: tag, limits: limits)
    case .dockerArchive(let path, let reference):
        try DockerArchiveImage(path: FilePath(path), reference: reference?.description, limits: limits)
    case .chain: throw DaemonError(.fault, "\(source) is no place to fetch from")
    }
}

extension SourceRequest {
    /// Only root's environment may name files that the daemon then reads with its own rights.
    func credentialSource(of caller: Caller) -> CredentialSource {
        guard caller.isSuperuser else { return .anonymous }
        // mount(8) passes no HOME on to its helpers.
        let home = credentials.homeDirectory ?? homeDirectory(ofUser: caller.userID)
        if let authfile = credentials.authfile {
            return CredentialSource(authFile: authfile, userID: caller.userID, home: home)
        }
        var environment: [String: String] = [:]
        environment["REGISTRY_AUTH_FILE"] = credentials.registryAuthFile
        environment["XDG_RUNTIME_DIR"] = credentials.runtimeDirectory
        environment["DOCKER_CONFIG"] = credentials.dockerConfigDirectory
        return CredentialSource(environment: environment, userID: caller.userID, home: home)
    }
}
