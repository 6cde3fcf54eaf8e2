import Control
import OCI

/// What `imgfs explain` prints for people.
enum ExplanationText {
    static func text(_ explanation: Explanation) -> String {
        var pairs: [(name: String, value: String)] = [
            ("Path", shown(explanation.path)), ("Image", explanation.name), ("State", explanation.state.rawValue),
        ]
        if let file = explanation.file {
            pairs += describe(file)
            if explanation.isImplied { pairs.append(("Entry", "none: layers have only something in it")) }
            if explanation.isHardLink { pairs.append(("Entry", "a hard link")) }
        }
        if let layer = explanation.layer { pairs += describe(layer, as: "Layer") }
        if let layer = explanation.contentLayer, layer.position != explanation.layer?.position {
            pairs += describe(layer, as: "Content")
        }
        if let absence = explanation.absence { pairs += describe(absence) }
        if explanation.file == nil, explanation.absence == nil {
            pairs.append(("File", "not known before the image is there"))
        }
        pairs.append(("Local", explanation.isLocal ? "yes" : "no: a reader waits"))
        var sections = [aligned(pairs)]
        if let progress = explanation.progress { sections.append(text(progress)) }
        if let file = explanation.file, file.holeByteCount ?? 0 > 0 { sections.append(extents(of: file)) }
        return sections.joined(separator: "\n\n")
    }

    private static func describe(_ file: ExplainedFile) -> [(name: String, value: String)] {
        let kind =
            switch file.kind {
            case .directory: "directory"
            case .file: "file"
            case .symbolicLink: "symbolic link to " + shown(file.linkTarget ?? "")
            case .characterDevice: "character device"
            case .blockDevice: "block device"
            case .fifo: "pipe"
            }
        var pairs: [(name: String, value: String)] = [
            ("Kind", kind),
            ("Mode", "0" + String(file.mode, radix: 8) + ", user \(file.userID), group \(file.groupID)"),
        ]
        if file.kind == .file {
            var size = "\(file.byteCount) bytes"
            if let stored = file.storedByteCount, let holes = file.holeByteCount, holes > 0 {
                size += ", \(stored) stored and \(holes) in holes"
            }
            pairs.append(("Size", size))
            if file.linkCount > 1 { pairs.append(("Names", "\(file.linkCount)")) }
        }
        return pairs
    }

    private static func describe(_ layer: ExplainedLayer, as name: String) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = [
            (name, "\(layer.position + 1) of \(layer.layerCount), \(state(layer))"),
            ("Diff ID", layer.diffID.description),
            ("Blob", "\(layer.digest), \(Quantity.bytes(layer.byteCount))"),
        ]
        if let createdBy = layer.createdBy { pairs.append(("Created by", shown(createdBy))) }
        return pairs
    }

    private static func state(_ layer: ExplainedLayer) -> String {
        guard layer.state == .fetching, let fetched = layer.fetchedByteCount else { return layer.state.rawValue }
        var text = "fetching, \(Quantity.bytes(fetched)) of \(Quantity.bytes(layer.byteCount))"
        if let retries = layer.retryCount { text += ", \(retries) retries" }
        return text
    }

    private static func describe(_ absence: ExplainedAbsence) -> [(name: String, value: String)] {
        let path = shown(absence.hidingPath ?? "")
        let number = absence.hidingLayer.map { "\($0.position + 1)" } ?? "?"
        let reason =
            switch absence.reason {
            case .absent: "no layer has it"
            case .tooManyLinks: "the path leads through too many symbolic links"
            case .whiteout: "layer \(number) deletes \(path)"
            case .opaque: "layer \(number) hides what was in \(path)"
            case .replacement: "layer \(number) has something else in place of the directory \(path)"
            }
        var pairs: [(name: String, value: String)] = [("File", "none: " + reason)]
        if let layer = absence.hidingLayer { pairs += describe(layer, as: "Hidden by") }
        if let layer = absence.hiddenLayer { pairs += describe(layer, as: "Was in") }
        return pairs
    }

    private static func text(_ progress: ExplainedProgress) -> String {
        var pairs: [(name: String, value: String)] = [("Waiting readers", "\(progress.waitingReaderCount)")]
        if let flight = progress.flight {
            pairs.append(
                (
                    "Worked on",
                    "for \(Quantity.duration(seconds: Int64(flight.heldSeconds))), \(flight.waiterCount) wait"
                ))
        } else {
            pairs.append(("Worked on", "no: the next access begins"))
        }
        if let failure = progress.lastFailure { pairs.append(("Last failure", shown(failure))) }
        if progress.layers.isEmpty {
            return aligned(pairs + [("Layers", "all stored")])
        }
        var table = Table(
            .init(title: "LAYER", alignment: .right), .init(title: "BLOB"), .init(title: "SIZE", alignment: .right),
            .init(title: "STATE"), .init(title: "LAST FAILURE"))
        table.rows = progress.layers.map { layer in
            [
                "\(layer.position + 1)", layer.digest.short, Quantity.bytes(layer.byteCount), state(layer),
                shown(layer.lastFailure ?? ""),
            ]
        }
        return aligned(pairs) + "\n\n" + table.text
    }

    private static func extents(of file: ExplainedFile) -> String {
        var table = Table(
            .init(title: "OFFSET", alignment: .right), .init(title: "BYTES", alignment: .right),
            .init(title: "IN THE ARCHIVE AT", alignment: .right))
        table.rows = (file.extents ?? []).map { extent in
            ["\(extent.offset)", "\(extent.byteCount)", extent.archiveOffset.map { "\($0)" } ?? "hole"]
        }
        let more = (file.extentCount ?? 0) - table.rows.count
        return table.text + (more > 0 ? "\nand \(more) more" : "")
    }

    /// Names come from images: nothing in them reaches the terminal as a control character.
    private static func shown(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned:
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
