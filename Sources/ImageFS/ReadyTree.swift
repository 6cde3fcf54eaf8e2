import CLinux
import FUSE
import Glibc
import Logging
import Snapshot
import Synchronization
import SystemPackage

/// An image that is there whole: what to answer to each request, without sending it.
///
/// Nothing here allocates, locks or changes, so any number of threads ask at the same time.
final class ReadyTree: Sendable {
    let tree: Tree
    private let layers: [LayerContent]
    /// The layers' descriptors once more, where reading them retains nothing.
    private let files: Files
    private let logger: Logger
    private let hasLoggedDamage = Atomic(false)

    /// `layers` in the order of `tree.diffIDs`.
    init(_ tree: Tree, layers: [LayerContent], logger: Logger) {
        precondition(layers.count == tree.diffIDs.count, "a tree needs the content of each of its layers")
        self.tree = tree
        self.layers = layers
        files = Files(layers)
        self.logger = logger
    }

    deinit { files.release() }

    private struct Files: @unchecked Sendable {
        // Unchecked: written in init only.
        private let files: UnsafeMutableBufferPointer<(descriptor: Int32, cache: PageCacheAdvice)>

        init(_ layers: [LayerContent]) {
            files = .allocate(capacity: layers.count)
            for (index, layer) in layers.enumerated() {
                files.initializeElement(
                    at: index, to: (layer.data.rawValue, PageCacheAdvice(byteCount: Int(layer.byteCount))))
            }
        }

        subscript(layer: Int) -> (descriptor: Int32, cache: PageCacheAdvice) { files[layer] }

        func release() {
            for file in files { file.cache.release() }
            files.deallocate()
        }
    }

    /// The longest name that a directory holds; NAME_MAX of all common file systems.
    private static let maximumNameLength = 255
    private static let root: UInt64 = 1
    private static let largeReadByteCount = 256 << 10

    /// Whether a request that came in while the image was cold may be answered.
    ///
    /// The kernel let everybody pass the cold root, which looks like 0755. When the true root is narrower than that,
    /// callers who have to be checked get ESTALE: on a look-up the kernel then walks the path again and checks the
    /// true permissions. A listing is not repeated, so here the mode decides who may. root passes any; an overlayfs
    /// that is being mounted on top, whose look-ups nobody repeats, is root's.
    func admits(_ request: ParkedRequest, of caller: () -> Caller?) -> Bool {
        guard request.node == Self.root, let root = tree.attributes(of: Self.root), root.mode & 0o005 != 0o005 else {
            return true
        }
        guard let caller = caller() else { return false }
        if caller.userID == 0 { return true }
        guard case .readdir = request else { return false }
        if caller.userID == root.userID { return root.mode & 0o400 != 0 }
        return root.mode & (caller.groupIDs.contains(root.groupID) ? 0o040 : 0o004) != 0
    }

    func attributes(of node: UInt64) throws(Errno) -> FileAttributes {
        guard let found = tree.attributes(of: node) else { throw Errno(rawValue: ESTALE) }
        return FileAttributes(of: node, found)
    }

    /// Nil when there is no such name. `.` is asked of any node, `..` of directories: a file handle is turned back into
    /// a file that way.
    func lookup(_ name: UnsafeRawBufferPointer, in directory: UInt64) throws(Errno) -> FileAttributes? {
        if name.count <= 2, name.allSatisfy({ $0 == UInt8(ascii: ".") }) {
            if name.count == 1 { return try attributes(of: directory) }
            try checkDirectory(directory)
            return try attributes(of: tree.parent(of: directory))
        }
        guard name.count <= Self.maximumNameLength else { throw Errno(rawValue: ENAMETOOLONG) }
        guard let node = tree.lookup(name, in: directory) else {
            try checkDirectory(directory)
            return nil
        }
        return try attributes(of: node)
    }

    private func checkDirectory(_ node: UInt64) throws(Errno) {
        guard tree.contains(node) else { throw Errno(rawValue: ESTALE) }
        guard tree.isDirectory(node) else { throw Errno(rawValue: ENOTDIR) }
    }

    func linkTarget(of node: UInt64) throws(Errno) -> UnsafeRawBufferPointer {
        guard tree.contains(node) else { throw Errno(rawValue: ESTALE) }
        guard let target = tree.linkTarget(of: node) else { throw Errno(rawValue: EINVAL) }
        return target
    }

    /// Entry 0 is `.`, 1 is `..`, the others follow in the tree's order; an entry's offset is the number of the next.
    func list(
        _ directory: UInt64, offset: UInt64, length: Int, withAttributes: Bool
    ) throws(Errno) -> UnsafeRawBufferPointer {
        try checkDirectory(directory)
        var listing = DirectoryListing(into: ReplyBuffer.memory(length))
        var number = offset
        while number < 2 {
            let node = number == 0 ? directory : tree.parent(of: directory)
            guard appendDots(&listing, Int(number) + 1, node, offset: number + 1, withAttributes: withAttributes) else {
                return listing.bytes
            }
            number += 1
        }
        guard var position = Int(exactly: number - 2) else { return listing.bytes }
        while let (name, node) = tree.entry(position, of: directory), let found = tree.attributes(of: node) {
            position += 1
            let next = UInt64(position) + 2
            let hasRoom =
                withAttributes
                ? listing.append(name, FileAttributes(of: node, found), .unlimited, offset: next)
                : listing.append(name, node: node, mode: found.mode, offset: next)
            if !hasRoom { break }
        }
        return listing.bytes
    }

    /// `.` and `..` are listed without attributes: the kernel has them.
    private func appendDots(
        _ listing: inout DirectoryListing, _ dotCount: Int, _ node: UInt64, offset: UInt64, withAttributes: Bool
    ) -> Bool {
        withUnsafeBytes(of: (UInt8(ascii: "."), UInt8(ascii: "."))) { dots in
            let name = UnsafeRawBufferPointer(rebasing: dots[..<dotCount])
            return withAttributes
                ? listing.appendBare(name, node: node, mode: S_IFDIR, offset: offset)
                : listing.append(name, node: node, mode: S_IFDIR, offset: offset)
        }
    }

    /// The value, or ENODATA. ENOSYS, after which the kernel never asks again, when no file at all has attributes.
    func extendedAttribute(_ name: UnsafeRawBufferPointer, of node: UInt64) throws(Errno) -> UnsafeRawBufferPointer {
        guard tree.hasExtendedAttributes else { throw Errno(rawValue: ENOSYS) }
        guard tree.contains(node) else { throw Errno(rawValue: ESTALE) }
        guard let value = tree.extendedAttribute(name, of: node) else { throw Errno(rawValue: ENODATA) }
        return value
    }

    /// Never ENOSYS: programs that copy or compare trees take "not supported" for a failure.
    func extendedAttributeNames(of node: UInt64) throws(Errno) -> UnsafeRawBufferPointer {
        guard tree.contains(node) else { throw Errno(rawValue: ESTALE) }
        return tree.extendedAttributeNames(of: node)
    }

    var statistics: FileSystemStatistics {
        let blockSize: UInt64 = 4096
        return FileSystemStatistics(
            blockCount: (tree.contentByteCount + blockSize - 1) / blockSize, fileCount: UInt64(tree.inodeCount))
    }

    /// The bytes, in the thread's reply buffer; fewer than `length` at the end of the file. Calls `willWait` before it
    /// waits for the disk.
    func read(
        _ node: UInt64, offset: UInt64, length: Int, willWait: () -> Void = {}
    ) throws(Errno) -> UnsafeRawBufferPointer {
        guard tree.contains(node) else { throw Errno(rawValue: ESTALE) }
        let memory = ReplyBuffer.memory(length)
        var filled = 0
        var isDamaged = false
        // Copying as much takes longer than waking a thread for the next request, which may be there already.
        if memory.count >= Self.largeReadByteCount { willWait() }
        tree.forEachPiece(of: node, offset: offset, length: memory.count) { piece in
            switch piece {
            case .hole(let length):
                UnsafeMutableRawBufferPointer(rebasing: memory[filled..<filled + length]).initializeMemory(
                    as: UInt8.self, repeating: 0)
                filled += length
            case .data(let layer, let offset, let length):
                let target = UnsafeMutableRawBufferPointer(rebasing: memory[filled..<filled + length])
                isDamaged = !fill(target, layer, offset, willWait)
                filled += length
            }
            return !isDamaged
        }
        if isDamaged { throw Errno(rawValue: EIO) }
        return UnsafeRawBufferPointer(rebasing: memory[..<filled])
    }

    /// False when the layer's file does not have these bytes: it was damaged behind our back.
    private func fill(
        _ target: UnsafeMutableRawBufferPointer, _ layer: Int, _ offset: UInt64, _ willWait: () -> Void
    ) -> Bool {
        let file = files[layer]
        var done = max(0, imgfs_read_cached(file.descriptor, target.baseAddress, target.count, off_t(offset)))
        if done < target.count { willWait() }
        while done < target.count {
            let count = pread(
                file.descriptor, target.baseAddress?.advanced(by: done), target.count - done,
                off_t(offset) + done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                logDamage(layer, count < 0 ? Errno(rawValue: errno) : nil)
                return false
            }
            done += count
        }
        file.cache.served(done, at: Int(offset), of: file.descriptor)
        return true
    }

    private func logDamage(_ layer: Int, _ errno: Errno?) {
        guard hasLoggedDamage.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
            return
        }
        let what = errno.map { "cannot be read: \($0)" } ?? "ends too early"
        logger.error(
            "the data file of layer \(tree.diffIDs[layer]) \(what); run 'imgfs verify' to have it fetched again")
    }

    /// Nil when there is nothing more (ENXIO).
    func next(_ target: SeekTarget, in node: UInt64, from offset: UInt64) throws(Errno) -> UInt64? {
        guard tree.contains(node) else { throw Errno(rawValue: ESTALE) }
        return switch target {
        case .data: tree.nextData(of: node, from: offset)
        case .hole: tree.nextHole(of: node, from: offset)
        }
    }
}
