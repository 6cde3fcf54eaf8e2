import Content
import LayerIndex
import OCI
import Snapshot

@testable import LayerIndex
@testable import Layers
@testable import Snapshot

// Files as they are read back from the store. The header's magic, length and checksum are made right first: a fuzzer would
// never get past them.

/// What a layer index says behind its common header.
@Sendable func fuzzLayerIndex(_ input: UnsafeRawBufferPointer) {
    let file = LoadedFile(bytes: sealed(input, LayerIndexFormat.seal))
    let index: LayerIndex
    do {
        index = try LayerIndex(file, diffID: fuzzDigest)
    } catch {
        _ = error.description
        return
    }
    for position in 0..<index.entryCount {
        let entry = index[position]
        _ = index.path(of: entry).count
        _ = index.linkTarget(of: entry).reduce(0, &+)
        visit(index.attributes(entry.attributeSet))
        if entry.kind == .sparse { for extent in entry.extents { _ = index.extent(extent) } }
    }
    checkMerge(of: index)
}

@Sendable func fuzzTree(_ input: UnsafeRawBufferPointer) {
    do {
        visit(try Tree(LoadedFile(bytes: sealed(input, TreeFormat.seal)), chainID: fuzzDigest))
    } catch {
        _ = error.description
    }
}

@Sendable func fuzzCheckpoints(_ input: UnsafeRawBufferPointer) {
    do {
        let file = try CheckpointFile(
            LoadedFile(bytes: sealed(input, CheckpointFile.seal)), diffID: fuzzDigest)
        for position in 0..<min(file.count, 100) {
            do { _ = try file.checkpoint(at: position) } catch { _ = error.description }
        }
        _ = try file.checkpoint(atOrBefore: file.archiveByteCount / 2)
    } catch {
        _ = error.description
    }
}

private func sealed(_ content: UnsafeRawBufferPointer, _ format: SealedFile) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: SealedFile.headerByteCount) + content
    bytes.withUnsafeMutableBytes { format.seal($0, identity: fuzzDigest) }
    return bytes
}

private func visit(_ set: AttributeSet) {
    for name in set.names.split(separator: 0) {
        let found = set.value(of: UnsafeRawBufferPointer(rebasing: name))
        precondition(found != nil, "an attribute that is listed is there")
        _ = found?.reduce(0, &+)
    }
}

/// Asks a tree everything that the kernel can ask, and checks what it promises: each name is found where it is listed, and
/// no content lies outside of its layer.
func visit(_ tree: Tree) {
    for node in 0...UInt64(tree.inodeCount) + 1 {
        guard let attributes = tree.attributes(of: node) else { continue }
        for position in 0..<tree.entryCount(of: node) {
            guard let entry = tree.entry(position, of: node) else { preconditionFailure("an entry is missing") }
            precondition(tree.lookup(entry.name, in: node) == entry.node, "a name that is listed is not found")
            precondition(tree.contains(entry.node), "a name leads nowhere")
            if tree.isDirectory(entry.node) { precondition(tree.parent(of: entry.node) == node, "a wrong parent") }
        }
        _ = tree.linkTarget(of: node)?.reduce(0, &+)
        for name in tree.extendedAttributeNames(of: node).split(separator: 0) {
            _ = tree.extendedAttribute(UnsafeRawBufferPointer(rebasing: name), of: node)?.reduce(0, &+)
        }
        visitContent(of: node, byteCount: attributes.size, in: tree)
    }
}

private func visitContent(of node: UInt64, byteCount: UInt64, in tree: Tree) {
    for offset in [0, byteCount / 2, byteCount &- 1] where offset < byteCount {
        var filled: UInt64 = 0
        tree.forEachPiece(of: node, offset: offset, length: 1 << 20) { piece in
            switch piece {
            case .hole(let length): filled += UInt64(length)
            case .data(let layer, let start, let length):
                precondition(layer < tree.diffIDs.count, "content in no layer")
                precondition(start <= UInt64(Int64.max) - UInt64(length), "content behind every end")
                filled += UInt64(length)
            }
            return true
        }
        let isFile = (tree.attributes(of: node)?.mode ?? 0) & 0o170000 == 0o100000
        precondition(!isFile || filled == min(byteCount - offset, 1 << 20), "content with a gap")
        _ = tree.nextData(of: node, from: offset)
        _ = tree.nextHole(of: node, from: offset)
    }
}
