import OCI

/// Where things are in a store. Every name below the root is a constant or a digest: none comes from an image.
///
/// docs/store-format.md describes each.
struct StorePaths: Sendable {
    let root: String

    var version: String { root + "/version" }
    var lock: String { root + "/lock" }
    var epoch: String { root + "/epoch" }
    var catalogue: String { root + "/catalogue.sqlite" }
    var staging: String { root + "/staging" }
    var blobs: String { root + "/blobs/sha256" }
    var layers: String { root + "/layers/sha256" }
    var trees: String { root + "/trees/sha256" }

    /// All directories, parents first.
    var directories: [String] {
        [staging, root + "/blobs", blobs, root + "/layers", layers, root + "/trees", trees]
    }

    func document(_ digest: Digest) -> String { blobs + "/" + digest.hex }
    func partial(_ digest: Digest) -> String { blobs + "/" + digest.hex + Self.partialSuffix }
    func layer(_ diffID: Digest) -> String { layers + "/" + diffID.hex }
    func tree(_ chainID: Digest) -> String { trees + "/" + chainID.hex }

    static let partialSuffix = ".partial"
}
