internal import Glibc
internal import LayerIndex

/// The order in which a merged tree is written: directories breadth first, names in a directory by their bytes, inodes as
/// their first names come. So what one `ls -l` needs stands together, and the same tree has the same numbers.
struct TreeOrder {
    struct Directory {
        /// Position of its inode.
        var inode: UInt32
        var parent: UInt32
        var firstName: UInt32
        var nameCount: UInt32
        var subdirectoryCount: UInt32
    }

    /// Directories in the order of their inodes.
    private(set) var directories: [Directory] = []
    /// Names as the working tree numbers them, directory after directory.
    private(set) var names: [UInt32] = []
    /// For each inode of the working tree its position in the file; `WorkingTree.none` when no name has it any more.
    private(set) var positions: [UInt32]
    /// For each position the inode of the working tree.
    private(set) var inodes: [UInt32] = []
    /// For each position how many names it has.
    private(set) var nameCounts: [UInt32] = []

    init(_ tree: borrowing WorkingTree) {
        positions = Array(repeating: WorkingTree.none, count: tree.inodes.count)
        names.reserveCapacity(tree.nameCount)
        inodes.reserveCapacity(tree.nameCount)
        nameCounts.reserveCapacity(tree.nameCount)
        // Directories as names of the working tree, in the order of `directories`.
        var queue = [WorkingTree.root]
        place(tree.names[Int(WorkingTree.root)].inode)
        directories.append(Directory(inode: 0, parent: 0, firstName: 0, nameCount: 0, subdirectoryCount: 0))
        var sorter = NameSorter()
        var position = 0
        while position < queue.count {
            let firstName = names.count
            sorter.collect(queue[position], of: tree)
            for key in sorter.keys {
                let name = tree.names[Int(key.name)]
                names.append(key.name)
                place(name.inode)
                guard name.kind == .directory else { continue }
                queue.append(key.name)
                directories[position].subdirectoryCount += 1
                directories.append(
                    Directory(
                        inode: positions[Int(name.inode)], parent: directories[position].inode, firstName: 0,
                        nameCount: 0, subdirectoryCount: 0))
            }
            directories[position].firstName = UInt32(firstName)
            directories[position].nameCount = UInt32(names.count - firstName)
            position += 1
        }
    }

    private mutating func place(_ inode: UInt32) {
        let position = positions[Int(inode)]
        if position == WorkingTree.none {
            positions[Int(inode)] = UInt32(inodes.count)
            inodes.append(inode)
            nameCounts.append(1)
        } else {
            nameCounts[Int(position)] += 1
        }
    }
}

/// The names of a directory, sorted by their bytes as memcmp(3) does, a prefix before what it is a prefix of.
private struct NameSorter {
    struct Key {
        /// The first eight bytes of the name, the first one the most significant; zeros where it is shorter.
        var prefix: UInt64
        var text: UnsafeRawPointer?
        var byteCount: UInt32
        var name: UInt32
    }

    private(set) var keys: [Key] = []

    mutating func collect(_ directory: UInt32, of tree: borrowing WorkingTree) {
        keys.removeAll(keepingCapacity: true)
        var child = tree.names[Int(directory)].firstChild
        while child != WorkingTree.none {
            let name = tree.names[Int(child)]
            keys.append(
                Key(
                    prefix: Self.prefix(tree.text(child)), text: name.text, byteCount: UInt32(name.textByteCount),
                    name: child))
            child = name.next
        }
        // The list has the latest name first, and archives are mostly sorted.
        keys.reverse()
        for position in keys.indices.dropFirst() where !Self.precedes(keys[position - 1], keys[position]) {
            keys.sort(by: Self.precedes)
            return
        }
    }

    private static func prefix(_ text: UnsafeRawBufferPointer) -> UInt64 {
        if text.count >= 8 { return UInt64(bigEndian: text.loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for (position, byte) in text.enumerated() { prefix |= UInt64(byte) << UInt64(56 - 8 * position) }
        return prefix
    }

    private static func precedes(_ left: Key, _ right: Key) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        guard let first = left.text, let second = right.text else { return left.byteCount < right.byteCount }
        let order = memcmp(first, second, Int(min(left.byteCount, right.byteCount)))
        return order == 0 ? left.byteCount < right.byteCount : order < 0
    }
}
