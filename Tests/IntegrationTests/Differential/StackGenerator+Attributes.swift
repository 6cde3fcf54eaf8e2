import TestSupport

/// Kinds of files, what is in them, and their attributes.
extension StackGenerator {
    mutating func randomKind() -> LayerEntry.Kind {
        switch random.below(20) {
        case 0..<9: .file(randomContent())
        case 9..<13: .directory
        case 13..<17: .symbolicLink(target: randomTarget())
        case 17: .fifo
        case 18: .characterDevice(major: 1 + UInt32(random.below(4000)), minor: UInt32(random.below(1 << 20)))
        default: .blockDevice(major: UInt32(random.below(4000)), minor: UInt32(random.below(1 << 20)))
        }
    }

    mutating func randomContent() -> FileContent {
        let size = random.pick([0, 1, 511, 512, 513, 4096, 5000, 20_000, random.below(100_000)])
        guard random.chance(10) else {
            return FileContent(size: size, segments: size == 0 ? [] : [.init(offset: 0, bytes: random.bytes(size))])
        }
        // Whole pages with holes of whole pages between them: smaller ones are no holes to the references.
        var content = FileContent(isSparse: true)
        for _ in 0..<random.below(8) {
            content.size += 4096 * (1 + random.below(4))
            let bytes = random.bytes(4096 * (1 + random.below(2)))
            content.segments.append(.init(offset: content.size, bytes: bytes))
            content.size += bytes.count
        }
        if random.chance(50) { content.size += 4096 * random.below(6) + random.below(4096) }
        return content
    }

    mutating func directory(_ path: [UInt8]) -> LayerEntry {
        LayerEntry(kind: .directory, path: path, attributes: attributes(for: .directory))
    }

    mutating func attributes(for kind: LayerEntry.Kind) -> FileAttributes {
        var attributes = FileAttributes()
        let modes: [UInt32] = [
            0o644, 0o755, 0o600, 0o000, 0o777, 0o4755, 0o2711, 0o1777, 0o6511, UInt32(random.below(0o10000)),
        ]
        attributes.mode = random.pick(modes)
        if case .symbolicLink = kind { attributes.mode = 0o777 }
        attributes.userID = randomID()
        attributes.groupID = randomID()
        switch random.below(10) {
        case 0: attributes.mtimeSeconds = -1 - random.below(1 << 31)
        case 1: attributes.mtimeSeconds = 1 + random.below(1 << 33)
        default: attributes.mtimeSeconds = 1_500_000_000 + random.below(200_000_000)
        }
        if random.chance(30) {
            attributes.mtimeNanoseconds = random.pick([1, 250_000_000, 999_999_999, random.below(1_000_000_000)])
        }
        if random.chance(15) { attributes.extendedAttributes = extendedAttributes(for: kind, attributes.mode) }
        switch program {
        case .gnuTar(format: "gnu"):
            attributes.mtimeNanoseconds = 0
            attributes.extendedAttributes = []
        case .gnuTar, .bsdtar:
            // bsdtar writes fractions of a second before 1970 as those after it, and encodes names of attributes.
            if attributes.mtimeSeconds < 0 { attributes.mtimeNanoseconds = 0 }
            attributes.extendedAttributes.removeAll { $0.name == "user.über" }
            // Access lists would be left out, or written in a text form that nothing written in Go reads.
            attributes.extendedAttributes.removeAll { $0.name.hasPrefix("system.") }
        default: break
        }
        return attributes
    }

    mutating func randomID() -> UInt32 {
        random.pick([0, 0, 1000, 65534, 2_097_151, 2_097_152, UInt32(random.below(1 << 32 - 1))])
    }

    /// Such as the kernel takes for this kind of file.
    mutating func extendedAttributes(
        for kind: LayerEntry.Kind, _ mode: UInt32
    ) -> [FileAttributes.ExtendedAttribute] {
        var all: [FileAttributes.ExtendedAttribute] = []
        if random.chance(50) { all.append(.init(name: "trusted.t", value: random.bytes(random.below(40)))) }
        switch kind {
        case .file, .directory:
            all.append(.init(name: "user.n", value: Array("line\n=\0") + random.bytes(random.below(300))))
            if random.chance(30) { all.append(.init(name: "user.empty", value: [])) }
            if random.chance(30) { all.append(.init(name: "user.über", value: [0])) }
            if random.chance(30) {
                all.append(.init(name: "system.posix_acl_access", value: Self.accessList(mode: mode, userID: 1234)))
            }
        default: break
        }
        if case .directory = kind, random.chance(10) {
            // The kernel gives it to all that umoci makes in there.
            stack.umociDiffers = "default access list"
            all.append(.init(name: "system.posix_acl_default", value: Self.accessList(mode: 0o750, userID: 99)))
        }
        if case .file = kind, random.chance(30) {
            // VFS_CAP_REVISION_2, effective; cap_net_raw permitted.
            all.append(
                .init(name: "security.capability", value: [1, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)))
        }
        return all
    }

    /// POSIX_ACL_XATTR_VERSION 2: owner, one more user who may read, group, mask and others, as the mode says.
    static func accessList(mode: UInt32, userID: UInt32) -> [UInt8] {
        func entry(_ tag: UInt8, _ permissions: UInt32, _ id: UInt32 = .max) -> [UInt8] {
            [tag, 0, UInt8(permissions & 7), 0] + withUnsafeBytes(of: id.littleEndian) { Array($0) }
        }
        return [2, 0, 0, 0] + entry(0x01, mode >> 6) + entry(0x02, 4, userID) + entry(0x04, 5) + entry(0x10, mode >> 3)
            + entry(0x20, mode)
    }
}
