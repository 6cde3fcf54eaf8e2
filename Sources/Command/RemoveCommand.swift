import ArgumentParser
import Control

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Forget stored images.",
        discussion: "Mounts of them go on. 'imgfs prune' then frees the layers that nothing else needs.")

    @Argument(help: "The images.")
    var sources: [String]

    @Option(help: ArgumentHelp("Only for this platform.", valueName: "os/arch[/variant]"))
    var platform: String?

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try daemon.connect()
        let directory = SourceText.workingDirectory()
        var results: [RemoveResult] = []
        for source in sources {
            let request = RemoveRequest(
                source: SourceText.absolute(source, workingDirectory: directory), platform: platform)
            results.append(try client.remove(request))
        }
        output.print(results, results.map { "forgot \($0.name)" }.joined(separator: "\n"))
    }
}
