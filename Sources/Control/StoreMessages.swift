public import OCI

public struct RemoveRequest: Sendable, Hashable, Codable {
    /// A source as for `mount`.
    public var source: String
    /// Only this platform; nil removes the name for every platform.
    public var platform: String?

    public init(source: String, platform: String? = nil) {
        self.source = source
        self.platform = platform
    }
}

public struct RemoveResult: Sendable, Hashable, Codable {
    /// The canonical name.
    public var name: String
    /// The platforms it was stored for.
    public var platforms: [String]

    public init(name: String, platforms: [String]) {
        self.name = name
        self.platforms = platforms
    }
}

public struct PruneRequest: Sendable, Hashable, Codable {
    /// Also forgets every image that is not mounted.
    public var all: Bool

    public init(all: Bool = false) { self.all = all }
}

public struct PruneResult: Sendable, Hashable, Codable {
    /// Names of images that were forgotten.
    public var images: [String]
    /// diffIDs of layers that were removed.
    public var layers: [Digest]
    /// chainIDs of trees that were removed.
    public var trees: [Digest]
    public var freedByteCount: Int64

    public init(images: [String], layers: [Digest], trees: [Digest], freedByteCount: Int64) {
        self.images = images
        self.layers = layers
        self.trees = trees
        self.freedByteCount = freedByteCount
    }
}

/// Progress of `imgfs verify`: one object of the store was looked at.
public struct VerifyEvent: Sendable, Hashable, Codable {
    /// `layer sha256:…`, `checkpoints of layer sha256:…`, `tree sha256:…`, `document sha256:…`, `catalogue`
    public var object: String
    /// What is wrong with it; nil when it is right.
    public var problem: String?

    public init(object: String, problem: String? = nil) {
        self.object = object
        self.problem = problem
    }
}

public struct VerifyResult: Sendable, Hashable, Codable {
    public var objectCount: Int
    public var byteCount: Int64
    /// What is damaged. It is fetched or made again when it is wanted next.
    public var problems: [VerifyEvent]

    public init(objectCount: Int, byteCount: Int64, problems: [VerifyEvent]) {
        self.objectCount = objectCount
        self.byteCount = byteCount
        self.problems = problems
    }
}
