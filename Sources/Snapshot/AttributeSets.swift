internal import LayerIndex

/// The different sets of extended attributes of an image, and where each stands in the tree's heap.
struct AttributeSets {
    private(set) var sets: [UnsafeRawBufferPointer] = []
    /// Where the heap goes on after them.
    private(set) var end = TreeFormat.heapStart

    /// By layer and number of the set there; 0: not seen yet.
    private var offsets: [[UInt32]]
    private var offsetByContent: [Content: UInt32] = [:]

    init(layers: [LayerIndex]) {
        offsets = layers.map { Array(repeating: 0, count: $0.attributeSetCount) }
    }

    /// Offset in the heap of set `number` of a layer; 0 for the empty set.
    func offset(_ number: Int, ofLayer layer: Int) -> UInt32 { offsets[layer][number] }

    mutating func add(_ number: Int, ofLayer layer: Int, _ index: LayerIndex) {
        if number == 0 || offsets[layer][number] != 0 { return }
        let bytes = index.attributes(number).bytes
        if let known = offsetByContent[Content(bytes: bytes)] {
            offsets[layer][number] = known
            return
        }
        offsetByContent[Content(bytes: bytes)] = UInt32(end)
        offsets[layer][number] = UInt32(end)
        sets.append(bytes)
        end += 4 + bytes.count
    }

    /// Bytes of an index file, compared by content.
    private struct Content: Hashable {
        var bytes: UnsafeRawBufferPointer

        static func == (left: Self, right: Self) -> Bool { left.bytes.elementsEqual(right.bytes) }
        func hash(into hasher: inout Hasher) { hasher.combine(bytes: bytes) }
    }
}
