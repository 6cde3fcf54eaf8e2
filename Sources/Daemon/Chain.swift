import Content
import OCI
import Registry

/// A stack of layers as a mount or a pull wants it: what it is called, what it is made of, where it can be fetched.
struct Chain: Sendable {
    let chainID: Digest
    /// The lowest first.
    let diffIDs: [Digest]
    /// Where missing layers come from, the best first. Empty when nothing but the store has them.
    let origins: [LayerOrigin]
    /// What people call it, for messages.
    let name: String

    /// Where all of it is tried.
    var places: Set<LayerOrigin.Place> { Set(origins.map(\.place)) }

    /// The same chain, to be fetched from elsewhere.
    func with(origins: [LayerOrigin]) -> Chain {
        Chain(chainID: chainID, diffIDs: diffIDs, origins: origins, name: name)
    }

    /// The layers, each once (the same layer may occur several times in an image), the largest blob first: it takes
    /// longest, and the small ones fit in beside it.
    var diffIDsToFetch: [Digest] {
        var seen: Set<Digest> = []
        let sizes = diffIDs.map { diffID in origins.lazy.compactMap { $0.blob(of: diffID)?.size }.first ?? 0 }
        return zip(diffIDs, sizes).filter { seen.insert($0.0).inserted }.sorted { $0.1 > $1.1 }.map(\.0)
    }
}

/// An image somewhere, from which layers can be fetched.
struct LayerOrigin: Sendable {
    /// What tells two origins apart: who fails with one may have luck with another.
    struct Place: Hashable, Sendable, Codable {
        var name: String
        var manifestDigest: Digest
        var insecure = false
        var credentials = CredentialSource.anonymous
    }

    /// More places than this are not kept for one chain.
    static let maximumCount = 16

    let image: Image
    let place: Place
    /// Opens the source; called when a layer is wanted, on a thread that may block.
    let open: @Sendable () throws -> any BlobSource
    /// Fetching can break off and is worth resuming: a registry, not a local file.
    let isRemote: Bool

    /// The blob that has this layer, when the image has it.
    func blob(of diffID: Digest) -> Descriptor? {
        image.layers.first { $0.diffID == diffID }?.descriptor
    }

    /// `newer` before `older`, each place once, the newest `maximumCount` of them.
    static func merged(_ newer: [LayerOrigin], before older: [LayerOrigin]) -> [LayerOrigin] {
        var seen: Set<Place> = []
        return Array((newer + older).filter { seen.insert($0.place).inserted }.prefix(maximumCount))
    }
}
