import Glibc

/// What the store holds.
public struct StoreUsage: Sendable, Equatable {
    public var imageCount = 0
    public var layerCount = 0
    public var treeCount = 0
    /// Bytes of unpacked layers with their indexes.
    public var layerByteCount: Int64 = 0
    public var treeByteCount: Int64 = 0
    public var documentByteCount: Int64 = 0
    /// Bytes of blobs whose fetch is under way, or was broken off and will be resumed.
    public var partialByteCount: Int64 = 0
    /// Bytes that the store's file system has left for this user.
    public var freeByteCount: Int64 = 0
}

extension Store {
    public func usage() throws(StoreError) -> StoreUsage {
        var usage = StoreUsage()
        usage.imageCount = try images().count
        for object in try objects() {
            let byteCount = try byteCount(of: object)
            switch object {
            case .layer:
                usage.layerCount += 1
                usage.layerByteCount += byteCount
            case .tree:
                usage.treeCount += 1
                usage.treeByteCount += byteCount
            case .document: usage.documentByteCount += byteCount
            case .partial: usage.partialByteCount += byteCount
            case .checkpoints, .catalogue: break
            }
        }
        var status = statvfs()
        guard statvfs(paths.root, &status) == 0 else { throw .system("stat the file system of \(paths.root)", errno) }
        usage.freeByteCount = Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
        return usage
    }
}
