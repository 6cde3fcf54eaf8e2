import FUSE

/// A request that waits until the image is ready, with everything that its answer depends on.
enum ParkedRequest: Sendable {
    case lookup(name: [UInt8], directory: UInt64)
    case getattr(node: UInt64)
    case readlink(node: UInt64)
    case read(node: UInt64, offset: UInt64, length: Int)
    case readdir(node: UInt64, offset: UInt64, length: Int, withAttributes: Bool)
    case getxattr(node: UInt64, name: [UInt8], capacity: Int)
    case listxattr(node: UInt64, capacity: Int)
    case statfs(node: UInt64)
    case seek(node: UInt64, target: SeekTarget, offset: UInt64)

    /// The node that it is about.
    var node: UInt64 {
        switch self {
        case .lookup(_, let node), .getattr(let node), .readlink(let node), .read(let node, _, _),
            .readdir(let node, _, _, _), .getxattr(let node, _, _), .listxattr(let node, _), .statfs(let node),
            .seek(let node, _, _):
            node
        }
    }

    /// The name in it, if one is.
    var name: [UInt8] {
        switch self {
        case .lookup(let name, _), .getxattr(_, let name, _): name
        case .getattr, .readlink, .read, .readdir, .listxattr, .statfs, .seek: []
        }
    }
}
