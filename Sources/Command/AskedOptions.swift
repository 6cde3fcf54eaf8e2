import Glibc

/// Finds out whether `suid` and `dev` were asked for.
///
/// libmount passes on `nosuid` and `nodev`, but not their opposites, which it takes for the default. Here they are not:
/// a mount is nosuid,nodev unless told otherwise. So the helper looks at what mount(8) itself was told.
enum AskedOptions {
    /// The words of `mount`'s own options, and of the fstab line that it used, that are about suid and dev, in the order
    /// in which they count. Empty when the parent process is not mount(8).
    static func ofParent(source: String, target: String) -> String {
        let parent = "/proc/\(getppid())"
        var status = stat()
        guard stat(parent + "/exe", &status) == 0, status.st_uid == 0,
            let program = ProcessFiles.link(parent + "/exe"), program.split(separator: "/").last == "mount",
            let commandLine = ProcessFiles.text(parent + "/cmdline")
        else { return "" }
        let arguments = commandLine.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
        return asked(commandLine: arguments, source: source, target: target) { path in ProcessFiles.text(path) }
    }

    /// The same, for the command line of a mount(8) with its program name first. `read` gives the text of an fstab.
    static func asked(
        commandLine: [String], source: String, target: String, read: (String) -> String?
    ) -> String {
        let parsed = ParentArguments(commandLine.dropFirst())
        var options: [String] = []
        if !parsed.namesBoth, let text = read(parsed.fstab ?? "/etc/fstab") {
            options = fstabOptions(text, source: source, target: target)
        }
        options += parsed.options.flatMap { MountOptions.split($0) }
        return options.filter { ["suid", "nosuid", "dev", "nodev"].contains($0) }.joined(separator: ",")
    }

    /// The options of the line for this source and target; the last such line counts.
    private static func fstabOptions(_ text: String, source: String, target: String) -> [String] {
        var options: [String] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard fields.count >= 4, !fields[0].hasPrefix("#") else { continue }
            guard MountTableEntry.unescaped(fields[0]) == source else { continue }
            let directory = MountTableEntry.unescaped(fields[1])
            guard directory == target || directory == target + "/" else { continue }
            options = MountOptions.split(MountTableEntry.unescaped(fields[3]))
        }
        return options
    }
}

/// As much of mount(8)'s command line as is needed to know which options it was given.
private struct ParentArguments {
    var options: [String] = []
    var fstab: String?
    private var positionalCount = 0
    private var namesSource = false
    private var namesTarget = false

    /// Source and target are both on the command line, so that mount(8) does not look into an fstab.
    var namesBoth: Bool { positionalCount + (namesSource ? 1 : 0) + (namesTarget ? 1 : 0) >= 2 }

    private static let longWithValue: Set<String> = [
        "options", "types", "test-opts", "fstab", "source", "target", "label", "uuid", "namespace",
        "target-prefix", "options-mode", "options-source", "map-users", "map-groups",
    ]
    private static let lettersWithValue: Set<Character> = ["o", "t", "O", "T", "L", "U", "N"]

    init(_ arguments: ArraySlice<String>) {
        var rest = arguments
        while let argument = rest.popFirst() {
            if argument.hasPrefix("--") {
                let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1).map(String.init)
                guard let name = parts.first, Self.longWithValue.contains(name) else { continue }
                take(name, parts.count > 1 ? parts[1] : rest.popFirst())
            } else if argument.hasPrefix("-"), argument.count > 1 {
                let letters = argument.dropFirst()
                guard let position = letters.firstIndex(where: { Self.lettersWithValue.contains($0) }) else { continue }
                let glued = letters[letters.index(after: position)...]
                take(String(letters[position]), glued.isEmpty ? rest.popFirst() : String(glued))
            } else if !argument.isEmpty {
                positionalCount += 1
            }
        }
    }

    private mutating func take(_ name: String, _ value: String?) {
        guard let value else { return }
        switch name {
        case "o", "options": options.append(value)
        case "T", "fstab": fstab = value
        case "source", "L", "U", "label", "uuid": namesSource = true
        case "target": namesTarget = true
        default: break
        }
    }
}
