import ArgumentParser
import Control
import Glibc

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hash everything that is stored again.",
        discussion:
            "What is damaged is named, and fetched again when it is wanted next. Exit code 6 when there was any.")

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let json = output.json
        // To the line's beginning, and away with what is there.
        let clear = "\r\u{1B}[K"
        let isInteractive = !json && Terminal.isTerminal(STDOUT_FILENO)
        let result = try daemon.connect().verify { event in
            if let problem = event.problem {
                if !json { Terminal.show("\(isInteractive ? clear : "")\(event.object): \(problem)\n") }
            } else if isInteractive {
                Terminal.show(clear + event.object.prefix(Terminal.width() - 1))
            }
        }
        if isInteractive { Terminal.show(clear) }
        output.print(result, Self.text(result))
        if !result.problems.isEmpty { throw ExitCode(ExitStatus.invalid) }
    }

    static func text(_ result: VerifyResult) -> String {
        let checked = "\(result.objectCount) objects with \(Quantity.bytes(result.byteCount)) checked"
        return result.problems.isEmpty ? "\(checked): all right" : "\(checked): \(result.problems.count) damaged"
    }
}
