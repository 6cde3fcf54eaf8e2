import Content
import Control
import KeyedMutex
import LayerIndex
import OCI
import Snapshot
import Store

/// Describes the layers of one mounted image, and a path in it. Fetches nothing; blocks for the store.
struct Explainer: Sendable {
    let store: Store
    let layers: LayerFlights
    let image: Image
    /// Somebody works on the image.
    let isWorkedOn: Bool

    /// The layer at a position of the image.
    func layer(_ position: Int, history: [ImageConfig.History]) throws(StoreError) -> ExplainedLayer {
        let layer = image.layers[position]
        let state: ExplainedLayer.State
        let transfer = layers.transfer(of: layer.diffID)
        if try store.layerSize(layer.diffID) != nil {
            state = .stored
        } else if transfer != nil {
            state = .fetching
        } else {
            state = isWorkedOn || layers.waits.contains { $0.key == layer.diffID.description } ? .waiting : .missing
        }
        var explained = ExplainedLayer(
            position: position, layerCount: image.layers.count, diffID: layer.diffID, digest: layer.descriptor.digest,
            byteCount: layer.descriptor.size,
            createdBy: history.indices.contains(position) ? history[position].createdBy : nil, state: state)
        if state == .fetching, let transfer {
            explained.fetchedByteCount = transfer.fetchedByteCount
            explained.unpackedByteCount = transfer.unpackedByteCount
            let retried = transfer.retried
            if retried.count > 0 { (explained.retryCount, explained.lastFailure) = (retried.count, retried.failure) }
        }
        return explained
    }

    /// The history of the image's config, as far as it is stored and fits the layers.
    func history() throws(StoreError) -> [ImageConfig.History] {
        guard let bytes = try store.document(image.configDigest),
            let config = try? ImageConfig(Document(bytes: bytes, mediaType: ""))
        else { return [] }
        return config.layerHistory
    }

    /// Fills in what is at `path`.
    func describe(_ path: String, followsLink: Bool, in tree: Tree, _ explanation: inout Explanation) throws {
        let history = try history()
        switch tree.resolve(Array(path.utf8), followsLast: followsLink) {
        case .found(let node, let path):
            explanation.path = Self.text(path)
            explanation.file = ExplainedFile(node, in: tree)
            if let number = tree.contentLayer(of: node), tree.attributes(of: node)?.size ?? 0 > 0 {
                explanation.contentLayer = try layer(number, history: history)
            }
            switch try origin(of: path, isThere: true, in: tree).answer {
            case .entry(let number, let isHardLink):
                explanation.layer = try layer(number, history: history)
                explanation.isHardLink = isHardLink
            case .implied(let number):
                explanation.layer = try layer(number, history: history)
                explanation.isImplied = true
            case .hidden, .absent:
                // A symbolic link of the time when a layer was made led there, and is no more: the tree knows at least
                // who has the content.
                explanation.layer = explanation.contentLayer
            }
        case .missing(let path):
            explanation.path = Self.text(path)
            switch try origin(of: path, isThere: false, in: tree).answer {
            case .hidden(let hidden, let hiding, let hider):
                explanation.absence = ExplainedAbsence(
                    reason: .init(hiding.kind), hidingPath: Self.text(hiding.path),
                    hidingLayer: try layer(hider, history: history), hiddenLayer: try layer(hidden, history: history))
            case .entry, .implied, .absent: explanation.absence = ExplainedAbsence(reason: .absent)
            }
        case .tooManyLinks: explanation.absence = ExplainedAbsence(reason: .tooManyLinks)
        }
    }

    private func origin(of path: [UInt8], isThere: Bool, in tree: Tree) throws -> PathOrigin {
        try PathOrigin.find(path, isThere: isThere, in: tree) { number in
            let diffID = tree.diffIDs[number]
            guard let index = try store.layer(diffID)?.index() else {
                throw DaemonError(
                    .notFound,
                    "layer \(diffID) is no longer in the store, so nobody can say what it has; pull the image")
            }
            return index
        }
    }

    private static func text(_ path: [UInt8]) -> String { "/" + String(decoding: path, as: UTF8.self) }
}

extension ExplainedAbsence.Reason {
    init(_ kind: PathOrigin.Hiding.Kind) {
        self =
            switch kind {
            case .whiteout: .whiteout
            case .opaque: .opaque
            case .replacement: .replacement
            }
    }
}

extension ExplainedFile {
    /// nil when the tree has no such node.
    init?(_ node: UInt64, in tree: Tree) {
        guard let attributes = tree.attributes(of: node), let kind = Kind(mode: attributes.mode) else { return nil }
        self.init(
            kind: kind, mode: attributes.mode & 0o7777, userID: attributes.userID, groupID: attributes.groupID,
            linkCount: attributes.linkCount, byteCount: attributes.size,
            linkTarget: tree.linkTarget(of: node).map { String(decoding: $0, as: UTF8.self) })
        guard kind == .file else { return }
        var (stored, holes, count, offset): (UInt64, UInt64, Int, UInt64) = (0, 0, 0, 0)
        var extents: [Extent] = []
        tree.forEachPiece(of: node, offset: 0, length: .max) { piece in
            let extent: Extent
            switch piece {
            case .hole(let length):
                extent = Extent(offset: offset, byteCount: UInt64(length), archiveOffset: nil)
                holes += UInt64(length)
            case .data(_, let archiveOffset, let length):
                extent = Extent(offset: offset, byteCount: UInt64(length), archiveOffset: archiveOffset)
                stored += UInt64(length)
            }
            if extents.count < Self.maximumExtentCount { extents.append(extent) }
            offset += extent.byteCount
            count += 1
            return true
        }
        (storedByteCount, holeByteCount, extentCount, self.extents) = (stored, holes, count, extents)
    }
}

extension ExplainedFile.Kind {
    /// From the file type in `mode`, inode(7).
    fileprivate init?(mode: UInt32) {
        switch mode & 0o170000 {
        case 0o040000: self = .directory
        case 0o100000: self = .file
        case 0o120000: self = .symbolicLink
        case 0o020000: self = .characterDevice
        case 0o060000: self = .blockDevice
        case 0o010000: self = .fifo
        default: return nil
        }
    }
}
