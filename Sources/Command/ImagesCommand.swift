import ArgumentParser
import Control
import Glibc
import OCI

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "List the stored images.",
        discussion: "LAYERS is how many layers are unpacked, of how many. STORED counts shared layers for each image.")

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let images = try daemon.connect().images()
        output.print(images, Self.text(images, now: Int64(time(nil))))
    }

    static func text(_ images: [ImageRecord], now: Int64) -> String {
        var table = Table(
            .init(title: "IMAGE"), .init(title: "PLATFORM"), .init(title: "DIGEST"),
            .init(title: "LAYERS", alignment: .right), .init(title: "SIZE", alignment: .right),
            .init(title: "STORED", alignment: .right), .init(title: "RESOLVED"))
        table.rows = images.map { image in
            [
                image.familiarName, image.platform, image.rootDigest.short,
                "\(image.storedLayerCount)/\(image.layerCount)", Quantity.bytes(image.byteCount),
                Quantity.bytes(image.storedByteCount), Quantity.age(of: image.resolvedAtSeconds, now: now),
            ]
        }
        return table.text
    }
}
