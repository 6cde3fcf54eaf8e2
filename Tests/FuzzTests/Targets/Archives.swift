import Content
import LayerIndex
import OCI
import Snapshot
import Tar

/// An archive, in pieces whose size the first byte says, all the way to a tree. What the builder accepts, the readers of
/// its files must accept, too.
@Sendable func fuzzTar(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let archive = input.after(1)
    let pieceByteCount = [1 << 20, 512, 511, 513, 100, 1024][Int(first) % 6]
    var limits = TarLimits()
    limits.maxSparseExtents = 2000
    limits.maxExtendedHeaderBytes = 1 << 16
    var parser = TarParser(limits: limits)
    var builder = LayerIndexBuilder()
    var isAccepted = true
    do {
        for start in stride(from: 0, to: archive.count, by: pieceByteCount) {
            let piece = UnsafeRawBufferPointer(rebasing: archive[start..<min(start + pieceByteCount, archive.count)])
            try parser.push(piece) { (entry) throws(LayerIndexError) in
                do throws(LayerIndexError) { try builder.add(entry) } catch { isAccepted = false }
                // After an error a builder is only good for being thrown away.
                if !isAccepted { builder = LayerIndexBuilder() }
            }
        }
        try parser.finish()
    } catch {
        _ = "\(error)"
        return
    }
    if !isAccepted { return }
    // The archive is longer than what the fuzzer made up of it: contents may be cut off only by `finish`.
    let bytes = builder.finish(diffID: fuzzDigest, byteCount: UInt64(archive.count))
    do {
        checkMerge(of: try LayerIndex(LoadedFile(bytes: bytes), diffID: fuzzDigest))
    } catch {
        preconditionFailure("the index that was built is refused: \(error)")
    }
}

let fuzzDigest = SHA256.digest(of: Array("fuzz".utf8))

/// Merges a valid index, once alone and once over itself. What comes out must be a valid tree.
func checkMerge(of index: LayerIndex) {
    for layers in [[index], [index, index]] {
        let tree: LoadedFile
        do {
            tree = try TreeMerge.tree(of: layers, chainID: fuzzDigest)
        } catch {
            _ = error.description
            continue
        }
        do {
            visit(try Tree(tree, chainID: fuzzDigest))
        } catch {
            preconditionFailure("the tree that was merged is refused: \(error)")
        }
    }
}
