import TestSupport

/// Names and targets of links.
extension StackGenerator {
    /// A name in a directory of the tree; sometimes in one that has no entry anywhere.
    mutating func newPath() -> [UInt8]? {
        var path = random.chance(25) ? [] : existing(where: { $1.isDirectory }) ?? []
        if path.components.count > 6 { path = [] }
        let depth = random.chance(8) ? 2 + random.below(2) : 1
        for _ in 0..<depth { path = path.appending(component: randomName()) }
        if path.count > 2000 { return nil }
        // A link or a file on the way is another case.
        let free = path.ancestors.allSatisfy { directory in
            tree[directory].map(\.isDirectory) ?? !isHiddenHere(directory)
        }
        return free ? path : nil
    }

    /// Whether this layer has a whiteout for the name: then it gets no directory without an entry.
    func isHiddenHere(_ path: [UInt8]) -> Bool {
        entries.contains { entry in
            if case .whiteout = entry.kind { entry.path == path } else { false }
        }
    }

    mutating func randomName() -> [UInt8] {
        switch random.below(40) {
        case 0: [0xff, 0xfe, UInt8(ascii: "a") + UInt8(random.below(3))]
        case 1: Array("with space")
        case 2: Array("new\nline")
        case 3: Array("größe-\u{1F600}")
        case 4: [UInt8](repeating: UInt8(ascii: "l"), count: 255)
        case 5: [UInt8](repeating: UInt8(ascii: "m"), count: 90 + random.below(40))
        case 6: Array("-dash")
        case 7: Array("a.wh.b")
        case 8: Array("back\\slash")
        case 9: Array("=\"quote'%2F")
        case 10: Array("..dots")
        default: [UInt8(ascii: "a") + UInt8(random.below(8))]
        }
    }

    mutating func randomTarget() -> [UInt8] {
        let path = existing { _, _ in true } ?? Array("nowhere")
        switch random.below(6) {
        case 0: return Array("/") + path
        case 1: return Array("../") + randomName()
        case 2: return Array("./") + path + Array("//.")
        case 3:
            return random.chance(20)
                ? [UInt8](repeating: UInt8(ascii: "t"), count: 101 + random.below(2000)) : randomName()
        default: return existing(where: { $1.isDirectory }).map { Array("/") + $0 } ?? Array("a")
        }
    }
}
