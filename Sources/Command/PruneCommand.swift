import ArgumentParser
import Control

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Free what no image and no mount needs.")

    @Flag(help: "Also forget every image that is not mounted.")
    var all = false

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let result = try daemon.connect().prune(PruneRequest(all: all))
        output.print(result, Self.text(result))
    }

    static func text(_ result: PruneResult) -> String {
        let lines = result.images.map { "forgot \($0)" }
        let counts = "\(count(result.layers.count, "layer")) and \(count(result.trees.count, "tree"))"
        return (lines + ["removed \(counts), \(Quantity.bytes(result.freedByteCount)) freed"]).joined(separator: "\n")
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
