import Control
import OCI

/// What a person sees of a pull. Pure: from events to lines.
struct PullProgress {
    private(set) var layers: [LayerProgress] = []

    /// Takes up an event, and returns the line that says that a layer is finished, if it is now.
    mutating func apply(_ event: PullEvent) -> String? {
        switch event {
        case .resolved(let image):
            layers = image.layers.enumerated().map { position, layer in
                LayerProgress(
                    position: position, digest: layer.digest, state: .waiting, fetchedByteCount: 0,
                    byteCount: layer.byteCount, unpackedByteCount: 0)
            }
            return nil
        case .layer(let progress):
            guard layers.indices.contains(progress.position) else { return nil }
            let wasFinished = Self.isFinished(layers[progress.position])
            layers[progress.position] = progress
            return !wasFinished && Self.isFinished(progress) ? line(progress) : nil
        }
    }

    /// One line for each layer, no wider than `width`.
    func bars(width: Int) -> [String] {
        layers.map { layer in
            let label = "\(layer.digest.short)  "
            let size = Quantity.bytes(layer.byteCount)
            let padded = String(repeating: " ", count: max(0, 8 - size.count)) + size
            let note = "  \(padded)  \(Self.word(layer))"
            let room = max(0, min(40, width - label.count - note.count - 3))
            let filled = Int(Double(room) * Self.fraction(layer))
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: room - filled)
            return String((label + "[" + bar + "]" + note).prefix(max(0, width - 1)))
        }
    }

    private func line(_ layer: LayerProgress) -> String {
        let what =
            layer.state == .present
            ? "there already"
            : "\(Quantity.bytes(layer.byteCount)) fetched, \(Quantity.bytes(layer.unpackedByteCount)) unpacked"
        return "layer \(layer.position + 1)/\(layers.count) \(layer.digest): \(what)"
    }

    private static func isFinished(_ layer: LayerProgress) -> Bool { layer.state == .done || layer.state == .present }

    private static func fraction(_ layer: LayerProgress) -> Double {
        if isFinished(layer) { return 1 }
        return layer.byteCount > 0 ? min(1, max(0, Double(layer.fetchedByteCount) / Double(layer.byteCount))) : 0
    }

    private static func word(_ layer: LayerProgress) -> String {
        switch layer.state {
        case .waiting: "waiting"
        case .fetching: "\(Int(fraction(layer) * 100)) %"
        case .done: "unpacked"
        case .present: "there already"
        }
    }
}
