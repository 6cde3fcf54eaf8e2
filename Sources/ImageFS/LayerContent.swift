public import SystemPackage

/// The uncompressed bytes of one layer, as an open file.
public struct LayerContent: Sendable {
    let data: FileDescriptor
    let byteCount: Int64
    /// Closes the descriptor when it goes; kept for as long as the file system is served.
    let owner: any AnyObject & Sendable

    public init(data: FileDescriptor, byteCount: Int64, owner: any AnyObject & Sendable) {
        self.data = data
        self.byteCount = byteCount
        self.owner = owner
    }
}
