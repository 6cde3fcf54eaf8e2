public import OCI

/// Names of stacks of layers.
/// See the OCI image specification, config.md, "Layer ChainID".
public enum ChainID {
    /// The chainIDs of all prefixes of `diffIDs`, the lowest layer first: as many as there are diffIDs.
    public static func chain(of diffIDs: [Digest]) -> [Digest] {
        var chain: [Digest] = []
        chain.reserveCapacity(diffIDs.count)
        for diffID in diffIDs {
            guard let parent = chain.last else {
                chain.append(diffID)
                continue
            }
            chain.append(SHA256.digest(of: Array("\(parent) \(diffID)".utf8)))
        }
        return chain
    }
}

extension Image {
    /// The chainID of each layer: of the image up to and with it.
    public var chainIDs: [Digest] { ChainID.chain(of: layers.map(\.diffID)) }

    /// Of all layers; nil for an image without layers.
    public var chainID: Digest? { chainIDs.last }

    /// What stands for the chainID of an image without layers: the SHA-256 of no bytes.
    ///
    /// No chain of layers has it: a layer of no bytes would, but that is the same empty tree.
    public static let emptyChainID = SHA256.digest(of: [])
}
