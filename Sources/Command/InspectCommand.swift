import ArgumentParser
import Control
import OCI

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Show an image's digests, layers and config.",
        discussion: "Fetches the manifest and the config where they are not stored, no layer.")

    @Argument(help: "A registry reference, oci:PATH[:TAG], docker-archive:FILE[:REF] or chain:sha256:… .")
    var source: String

    @OptionGroup var image: ImageOptions
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let inspection = try daemon.connect().inspect(image.request(source, pull: .missing))
        output.print(inspection, Self.text(inspection))
    }

    static func text(_ inspection: ImageInspection) -> String {
        let image = inspection.image
        var pairs = [
            ("Name", image.name), ("Platform", image.platform), ("Digest", image.rootDigest.description),
            ("Manifest", image.manifestDigest.description), ("Config", image.configDigest.description),
            ("Chain ID", image.chainID.description),
        ]
        if let created = inspection.config["created"] { pairs.append(("Created", plain(created))) }
        let names = [
            "User", "WorkingDir", "Entrypoint", "Cmd", "Env", "ExposedPorts", "Volumes", "Labels", "StopSignal",
        ]
        for name in names {
            guard let value = inspection.config["config"]?[name], !isEmpty(value) else { continue }
            pairs.append((name, plain(value)))
        }
        var table = Table(
            .init(title: "LAYER", alignment: .right), .init(title: "SIZE", alignment: .right),
            .init(title: "UNPACKED", alignment: .right), .init(title: "DIGEST"), .init(title: "DIFF ID"),
            .init(title: "CHAIN ID"))
        for (position, layer) in image.layers.enumerated() {
            table.rows.append([
                "\(position + 1)", Quantity.bytes(layer.byteCount),
                layer.unpackedByteCount.map { Quantity.bytes($0) } ?? "-", layer.digest.short, layer.diffID.short,
                layer.chainID.short,
            ])
        }
        return aligned(pairs.map { (name: $0.0, value: $0.1) }) + "\n\n" + table.text
    }

    /// A string as it is, anything else as JSON.
    private static func plain(_ value: JSONValue) -> String {
        if case .string(let text) = value { text } else { JSONText.line(value) }
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .string(""), .array([]): true
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
