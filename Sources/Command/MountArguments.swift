/// The command line of a mount, as mount(8) gives it to its helpers and as people type it:
/// `SOURCE TARGET [-sfnv] [-o OPTIONS] [-t TYPE] [-N NAMESPACE]`, in any order.
struct MountArguments: Equatable {
    var source = ""
    var target = ""
    /// All `-o` lists, joined.
    var options = ""
    /// Ignore unknown options.
    var sloppy = false
    /// Check the arguments, mount nothing.
    var fake = false
    var verbose = false
    /// The mount namespace to mount in: `/proc/PID/ns/mnt`, or a descriptor of another process.
    var namespace: String?
    /// Print what was mounted as JSON.
    var json = false

    /// Parses the arguments that follow the program's name. Throws a failure with exit code 1.
    init(parsing arguments: [String]) throws(CommandFailure) {
        var positional: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                positional += rest
                break
            } else if argument == "--json" {
                json = true
            } else if argument.hasPrefix("--") {
                throw Self.usage("unknown argument '\(argument)'")
            } else if argument.hasPrefix("-") && argument != "-" {
                try parseLetters(argument.dropFirst(), &rest)
            } else {
                positional.append(argument)
            }
        }
        guard positional.count == 2 else {
            throw Self.usage(positional.count < 2 ? "a source and a target are needed" : "too many arguments")
        }
        source = positional[0]
        target = positional[1]
        guard !source.isEmpty else { throw Self.usage("the source is empty") }
        guard !target.isEmpty else { throw Self.usage("the target is empty") }
    }

    /// `-sfnv`, `-o LIST`, `-oLIST`, and mixtures like `-no LIST`.
    private mutating func parseLetters(
        _ letters: Substring, _ rest: inout ArraySlice<String>
    ) throws(CommandFailure) {
        var letters = letters
        while let letter = letters.popFirst() {
            switch letter {
            case "s": sloppy = true
            case "f": fake = true
            case "n": break
            case "v": verbose = true
            case "r", "w": break
            case "o", "t", "N":
                let next = letters.isEmpty ? rest.popFirst() : String(letters)
                guard let value = next else { throw Self.usage("-\(letter) needs a value") }
                if letter == "o" { options += (options.isEmpty ? "" : ",") + value }
                if letter == "N" { namespace = value }
                if letter == "t", !["imgfs", "fuse.imgfs", "fuse3.imgfs"].contains(value) {
                    throw Self.usage("-t \(value): this mounts only fuse.imgfs")
                }
                return
            default: throw Self.usage("unknown argument '-\(letter)'")
            }
        }
    }

    private static func usage(_ problem: String) -> CommandFailure {
        CommandFailure(ExitStatus.usage, "\(problem) (SOURCE TARGET [-sfnv] [-o OPTIONS]; see 'imgfs mount --help')")
    }
}
