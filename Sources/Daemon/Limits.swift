import Compression
import Control
import LayerIndex
import Layers
import OCI
import Snapshot
import Store
import Tar

/// The limits of all parts, with what `--limit` says in place of their defaults.
struct Limits: Sendable {
    var image = ImageLimits()
    var unpack = UnpackLimits()
    var tree = TreeLimits()
    var maximumPartialByteCount = StoreOptions().maximumPartialByteCount

    init(_ settings: [ResourceLimit: UInt64] = [:]) {
        for (limit, value) in settings { set(limit, value, Int(clamping: value)) }
    }

    private mutating func set(_ limit: ResourceLimit, _ value: UInt64, _ count: Int) {
        switch limit {
        case .manifestSize: image.maximumManifestByteCount = count
        case .configSize: image.maximumConfigByteCount = count
        case .layers:
            image.maximumLayerCount = count
            tree.maximumLayerCount = count
        case .indexDepth: image.maximumIndexDepth = count
        case .unlabelledManifests: image.maximumUnlabelledManifestCount = count
        case .blobSize: image.maximumLayerByteCount = count
        case .layerSize: unpack.inflate.maximumByteCount = value
        case .expansion: unpack.inflate.maximumExpansion = value
        case .zstdWindow: unpack.inflate.maximumWindowByteCount = value
        case .entries:
            unpack.tar.maxEntries = count
            unpack.index.maximumEntryCount = count
        case .layerIndexSize: unpack.index.maximumIndexByteCount = count
        case .nameLength: unpack.index.maximumNameByteCount = count
        case .pathLength:
            // With a leading or trailing slash, which do not count.
            unpack.tar.maxPathBytes = count + 1
            unpack.index.maximumPathByteCount = count
        case .extendedHeaderSize: unpack.tar.maxExtendedHeaderBytes = count
        case .sparseExtents: unpack.tar.maxSparseExtents = count
        case .xattrs: unpack.tar.maxExtendedAttributes = count
        case .xattrNameLength: unpack.tar.maxExtendedAttributeNameBytes = count
        case .xattrValueSize: unpack.tar.maxExtendedAttributeValueBytes = count
        case .xattrsSize: unpack.tar.maxExtendedAttributesBytes = count
        case .imageNames: tree.maximumNameCount = count
        case .imageFiles: tree.maximumInodeCount = count
        case .imageIndexSize: tree.maximumIndexByteCount = count
        case .treeSize: tree.maximumTreeByteCount = count
        case .symlinks: tree.maximumLinkCount = count
        case .pathSteps: tree.maximumPathStepCount = count
        case .partialSize: maximumPartialByteCount = Int64(clamping: value)
        }
    }
}
