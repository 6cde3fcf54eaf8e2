internal import Glibc
internal import LayerIndex

/// Names and inodes while layers are merged.
///
/// A name is an entry of a directory; names of one inode are hard links. Names are numbered; a number is used again after
/// its name was removed. Texts of names point into the layers' index files.
struct WorkingTree: ~Copyable {
    struct Name {
        /// nil for the root alone.
        var text: UnsafeRawPointer?
        var textByteCount: UInt8
        var kind: LayerEntry.Kind
        /// The layer that brought this name last, also when an older layer brought its inode.
        var layer: UInt16
        /// 1 + the layer that hid what lower layers have in this directory; 0: none did.
        var clearedBy: UInt16 = 0
        var hash: UInt32
        var parent: UInt32
        var inode: UInt32
        /// Head of the list of a directory's names.
        var firstChild = none
        var next = none
        var previous = none
    }

    /// Where an inode's attributes and content are: an entry of a layer, or nowhere for a directory that no layer has an
    /// entry for.
    struct Inode {
        var layer: UInt32
        var entry: UInt32

        static let implied = Inode(layer: 0, entry: .max)
        var isImplied: Bool { entry == .max }
    }

    static let none = UInt32.max
    static let root: UInt32 = 0

    private(set) var names: [Name] = []
    private(set) var inodes: [Inode] = []
    /// Names that are in the tree now, the root included.
    private(set) var nameCount = 1
    /// Grows whenever a path may lead elsewhere than before because a directory or a symbolic link is gone.
    private(set) var pathVersion: UInt32 = 1

    private let hasher = NameHash()
    /// Open addressing, linear probing. 0: free, otherwise hash (high half) and name + 1 (low half): most searches need not
    /// look at any name. The count is a power of two.
    private var slots = [UInt64](repeating: 0, count: 1024)
    private var firstFree = WorkingTree.none

    init() {
        inodes.append(.implied)
        names.append(
            Name(
                text: nil, textByteCount: 0, kind: .directory, layer: 0, hash: 0, parent: Self.root, inode: 0))
    }

    func text(_ name: UInt32) -> UnsafeRawBufferPointer {
        let name = names[Int(name)]
        return UnsafeRawBufferPointer(start: name.text, count: Int(name.textByteCount))
    }

    func find(_ text: UnsafeRawBufferPointer, in directory: UInt32) -> UInt32? {
        let hash = UInt32(truncatingIfNeeded: hasher.hash(text, salt: directory))
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 {
            if UInt32(truncatingIfNeeded: slots[slot] >> 32) == hash {
                let candidate = Self.name(in: slots[slot])
                let name = names[Int(candidate)]
                if name.parent == directory, Int(name.textByteCount) == text.count,
                    let left = name.text, let right = text.baseAddress, memcmp(left, right, text.count) == 0
                {
                    return candidate
                }
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    mutating func addInode(_ inode: Inode) -> UInt32 {
        inodes.append(inode)
        return UInt32(inodes.count - 1)
    }

    /// Adds a name that is not there yet. `text` has 1 to 255 bytes and outlives this tree.
    mutating func insert(
        _ text: UnsafeRawBufferPointer, in directory: UInt32, kind: LayerEntry.Kind, inode: UInt32, layer: Int
    ) -> UInt32 {
        if (nameCount + 1) * 2 > slots.count { rehash() }
        let hash = UInt32(truncatingIfNeeded: hasher.hash(text, salt: directory))
        let next = names[Int(directory)].firstChild
        let name = Name(
            text: text.baseAddress, textByteCount: UInt8(text.count), kind: kind,
            layer: UInt16(layer), hash: hash, parent: directory, inode: inode, next: next)
        let number: UInt32
        if firstFree == Self.none {
            number = UInt32(names.count)
            names.append(name)
        } else {
            number = firstFree
            firstFree = names[Int(number)].next
            names[Int(number)] = name
        }
        if next != Self.none { names[Int(next)].previous = number }
        names[Int(directory)].firstChild = number
        place(number, hash)
        nameCount += 1
        return number
    }

    /// Gives a name other attributes, as of `layer`.
    mutating func replaceInode(of name: UInt32, by inode: Inode, layer: Int) {
        names[Int(name)].inode = addInode(inode)
        names[Int(name)].layer = UInt16(layer)
    }

    mutating func setLayer(_ layer: Int, of name: UInt32) { names[Int(name)].layer = UInt16(layer) }

    mutating func setCleared(_ directory: UInt32, by layer: Int) { names[Int(directory)].clearedBy = UInt16(layer + 1) }

    /// Removes a name and everything below it.
    mutating func remove(_ name: UInt32) {
        unlink(name)
        var pending = [name]
        while let removed = pending.popLast() {
            let kind = names[Int(removed)].kind
            if kind == .directory || kind == .symbolicLink { pathVersion += 1 }
            var child = names[Int(removed)].firstChild
            while child != Self.none {
                pending.append(child)
                child = names[Int(child)].next
            }
            displace(removed)
            names[Int(removed)].next = firstFree
            firstFree = removed
            nameCount -= 1
        }
    }

    /// Gives back what only changes need.
    mutating func freeze() { slots = [] }

    private mutating func unlink(_ name: UInt32) {
        let (next, previous) = (names[Int(name)].next, names[Int(name)].previous)
        if next != Self.none { names[Int(next)].previous = previous }
        if previous == Self.none {
            names[Int(names[Int(name)].parent)].firstChild = next
        } else {
            names[Int(previous)].next = next
        }
    }

    private static func name(in slot: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: slot) - 1 }

    private mutating func place(_ name: UInt32, _ hash: UInt32) {
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt64(hash) << 32 | UInt64(name + 1)
    }

    /// Takes a name out of the slots and moves those up that it has kept from their place.
    private mutating func displace(_ name: UInt32) {
        let mask = slots.count - 1
        var hole = Int(names[Int(name)].hash) & mask
        while Self.name(in: slots[hole]) != name { hole = (hole + 1) & mask }
        var slot = hole
        while true {
            slot = (slot + 1) & mask
            guard slots[slot] != 0 else { break }
            let home = Int(slots[slot] >> 32) & mask
            // Cyclic: the name may move to the hole when its home is not between the hole and where it is.
            if (slot - home) & mask >= (slot - hole) & mask {
                slots[hole] = slots[slot]
                hole = slot
            }
        }
        slots[hole] = 0
    }

    private mutating func rehash() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for entry in old where entry != 0 { place(Self.name(in: entry), UInt32(entry >> 32)) }
    }
}
