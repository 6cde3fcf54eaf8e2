import ArgumentParser
import CLinux
import Control
import Glibc
import OCI

struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Fetch and unpack an image now.",
        discussion: """
            Asks the registry what a tag stands for (--pull=missing does only when it is not known). A pull, mounts and \
            other pulls share their work. --json prints one event a line, then the image.
            """)

    @Argument(help: "A registry reference, oci:PATH[:TAG] or docker-archive:FILE[:REF].")
    var source: String

    @Flag(name: [.short, .long], help: "Print nothing but errors.")
    var quiet = false

    @OptionGroup var image: ImageOptions
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    private struct Done: Encodable {
        var done: ImageSummary
    }

    func run() throws {
        let client = try daemon.connect()
        let display = PullDisplay(
            style: quiet ? .quiet : output.json ? .json : Terminal.isTerminal(STDOUT_FILENO) ? .bars : .lines)
        let summary: ImageSummary
        do {
            defer { display.end() }
            let request = PullRequest(image: image.request(source, pull: .always))
            summary = try client.persistently { (client) throws(ControlError) in
                try client.pull(request) { display.show($0) }
            }
        }
        if quiet { return }
        if output.json {
            print(JSONText.line(Done(done: summary)))
        } else {
            print("\(summary.name) \(summary.rootDigest)")
        }
    }
}

/// Prints the events of a pull.
private final class PullDisplay {
    enum Style { case quiet, json, lines, bars }

    private let style: Style
    private var progress = PullProgress()
    private var drawnLineCount = 0
    private var lastDrawMilliseconds: Int64 = 0

    init(style: Style) { self.style = style }

    func show(_ event: PullEvent) {
        switch style {
        case .quiet: return
        case .json: Terminal.show(JSONText.line(event) + "\n")
        case .lines: if let line = progress.apply(event) { Terminal.show(line + "\n") }
        case .bars:
            let isFinished = progress.apply(event) != nil
            let now = Self.milliseconds()
            if isFinished || drawnLineCount == 0 || now - lastDrawMilliseconds >= 100 { draw(now) }
        }
    }

    /// Leaves the final state on the terminal.
    func end() { if style == .bars { draw(Self.milliseconds()) } }

    private func draw(_ now: Int64) {
        let lines = progress.bars(width: Terminal.width())
        // Up to the first line, then each line anew: \e[K clears what was longer.
        var text = drawnLineCount > 0 ? "\u{1B}[\(drawnLineCount)A" : ""
        for line in lines { text += "\r\(line)\u{1B}[K\n" }
        Terminal.show(text)
        drawnLineCount = lines.count
        lastDrawMilliseconds = now
    }

    private static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
