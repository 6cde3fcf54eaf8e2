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
