import OCI

/// `SOURCE:PATH`, a path in an image as `imgfs cp` takes it.
struct ImagePath: Equatable {
    var source: String
    /// Without slashes around it; empty for the root.
    var path: String
    /// The text ended with `/.`: what is in the directory is meant, not the directory.
    var meansContents: Bool

    /// The path begins at the first `:/` that follows the source's scheme: neither a reference nor a tag has a colon before
    /// a slash. Throws a failure with exit code 1.
    init(parsing text: String) throws(CommandFailure) {
        let scheme = ["oci:", "docker-archive:", "chain:"].first { text.hasPrefix($0) } ?? ""
        let bytes = Array(text.utf8)
        let start = scheme.utf8.count
        guard
            let colon = bytes.indices.dropFirst(start).dropLast().first(where: {
                bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == UInt8(ascii: "/") && $0 > start
            })
        else {
            throw CommandFailure(ExitStatus.usage, "\(quoted(text)) names no file of an image: SOURCE:/PATH is wanted")
        }
        source = String(decoding: bytes[..<colon], as: UTF8.self)
        let rest = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        meansContents = rest.hasSuffix("/.") || rest == "/"
        path = rest.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
