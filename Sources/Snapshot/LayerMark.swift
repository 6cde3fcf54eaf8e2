internal import LayerIndex

/// What one layer says about one path.
struct LayerMark: Equatable {
    /// Position of the entry that decides what the path is: the last one in the archive.
    var entry: Int?
    /// Something is below the path, which therefore is a directory.
    var hasContentBelow = false
    /// What of the layer hides what lower layers have at the path.
    var hiding: PathOrigin.Hiding?

    /// - Parameters:
    ///   - path: normalised: names with one slash between them; empty for the root.
    ///   - location: where in the image a directory of the index is, given its normalised path: a symbolic link of
    ///     another layer may have led elsewhere.
    init(of path: [UInt8], in index: LayerIndex, location: (UnsafeRawBufferPointer) -> [UInt8]) {
        let slash = UInt8(ascii: "/")
        // For each directory of the index how many bytes of the path it is; nil when it is not on the way.
        var depths: [Int?] = []
        var areBelow: [Bool] = []
        for number in 0..<index.directoryCount {
            let directory = location(index.directoryPath(number))
            areBelow.append(path.isEmpty || directory == path || directory.starts(with: path + [slash]))
            let isOnTheWay = directory.isEmpty || directory == path || path.starts(with: directory + [slash])
            depths.append(isOnTheWay ? directory.count : nil)
        }
        for position in 0..<index.entryCount {
            let entry = index[position]
            // A whiteout makes no directories.
            if areBelow[entry.directory], entry.kind != .whiteout, entry.kind != .opaque, !entry.name.isEmpty {
                hasContentBelow = true
            }
            guard let depth = depths[entry.directory] else { continue }
            let rest = path.dropFirst(depth == 0 ? 0 : depth + 1)
            if entry.kind == .opaque {
                if !rest.isEmpty { hide(.opaque, path.prefix(depth)) }
                continue
            }
            if entry.name.isEmpty {
                if path.isEmpty { self.entry = position }
                continue
            }
            let name = rest.prefix { $0 != slash }
            guard name.elementsEqual(entry.name) else { continue }
            let prefix = path.prefix(depth == 0 ? name.count : depth + 1 + name.count)
            if entry.kind == .whiteout {
                hide(.whiteout, prefix)
            } else if prefix.count == path.count {
                self.entry = position
                if entry.kind != .directory { hasContentBelow = false }
            } else if entry.kind != .directory {
                // It also takes the place of what the layer itself brought before.
                (self.entry, hasContentBelow) = (nil, false)
                hide(.replacement, prefix)
            }
        }
    }

    /// The marker that is nearest to the path says most.
    private mutating func hide(_ kind: PathOrigin.Hiding.Kind, _ path: ArraySlice<UInt8>) {
        if let hiding, hiding.path.count > path.count { return }
        hiding = PathOrigin.Hiding(kind: kind, path: Array(path))
    }
}
