public import LayerIndex

/// Which layers make a path what it is.
public struct PathOrigin: Equatable, Sendable {
    /// What hides a path of lower layers.
    public struct Hiding: Equatable, Sendable {
        public enum Kind: String, Sendable {
            /// An entry `.wh.NAME`.
            case whiteout
            /// A directory with an entry `.wh..wh..opq`.
            case opaque
            /// A directory on the way that is something else in this layer.
            case replacement
        }

        public var kind: Kind
        /// What it stands at: the path, or a directory on the way there.
        public var path: [UInt8]
    }

    public enum Answer: Equatable, Sendable {
        /// A layer has an entry for it. `isHardLink`: as one more name of a file.
        case entry(layer: Int, isHardLink: Bool)
        /// A directory that no layer has an entry for; the topmost layer that has something in it.
        case implied(layer: Int)
        /// A layer has it, and one above hides it.
        case hidden(layer: Int, by: Hiding, inLayer: Int)
        /// No layer has it.
        case absent
    }

    public var answer: Answer

    /// Looks from the top until the answer is known; only then are further layers opened.
    ///
    /// - Parameters:
    ///   - path: as `TreePath` has it.
    ///   - isThere: the tree has the path.
    ///   - tree: leads from the directories of indexes to where they are in the image.
    ///   - index: opens the index of a layer; 0 is the lowest.
    public static func find<Failure: Error>(
        _ path: [UInt8], isThere: Bool, in tree: Tree, index: (_ layer: Int) throws(Failure) -> LayerIndex
    ) throws(Failure) -> PathOrigin {
        var implied: Int?
        var hider: (hiding: Hiding, layer: Int)?
        for layer in tree.diffIDs.indices.reversed() {
            let layerIndex = try index(layer)
            let mark = LayerMark(of: path, in: layerIndex) { tree.location(ofDirectory: Array($0)) }
            if let entry = mark.entry, isThere || hider != nil {
                if let hider {
                    return PathOrigin(answer: .hidden(layer: layer, by: hider.hiding, inLayer: hider.layer))
                }
                let kind = layerIndex[entry].kind
                // What is no directory gave way to the directory that a layer above implies.
                if implied != nil, kind != .directory { break }
                return PathOrigin(answer: .entry(layer: layer, isHardLink: kind == .hardLink))
            }
            if mark.hasContentBelow {
                if let hider {
                    return PathOrigin(answer: .hidden(layer: layer, by: hider.hiding, inLayer: hider.layer))
                }
                implied = implied ?? layer
            }
            if let hiding = mark.hiding {
                if isThere { break }
                // The one that is right above what it hides.
                hider = (hiding, layer)
            }
        }
        if isThere, let implied { return PathOrigin(answer: .implied(layer: implied)) }
        return PathOrigin(answer: .absent)
    }
}

extension Tree {
    /// Where the directory is that layers call `path`: symbolic links on the way are followed as far as they are there.
    func location(ofDirectory path: [UInt8]) -> [UInt8] {
        switch resolve(path, followsLast: true) {
        case .found(_, let path), .missing(let path): path
        case .tooManyLinks: path
        }
    }
}
