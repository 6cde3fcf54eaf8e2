package import FUSE
package import Snapshot

extension FileAttributes {
    /// What a tree says of `node`, as the kernel is told.
    package init(of node: UInt64, _ found: Tree.Attributes) {
        self.init(node: node, mode: found.mode, linkCount: found.linkCount)
        userID = found.userID
        groupID = found.groupID
        deviceMajor = found.deviceMajor
        deviceMinor = found.deviceMinor
        size = found.size
        blocks512 = found.blocks512
        modificationSeconds = found.mtimeSeconds
        modificationNanoseconds = found.mtimeNanoseconds
    }
}
