import Control

/// What `-o` of a mount asks for.
struct MountOptions: Equatable {
    var platform: String?
    var pull = PullPolicy.missing
    var insecure = false
    var authfile: String?
    var prefetches = false
    var flags = MountFlags()

    /// Options that ask for what is so anyway, or that are meant for mount(8), libmount and systemd, which pass them on.
    private static let dropped: Set<String> = [
        "", "ro", "rw", "defaults", "auto", "noauto", "nofail", "user", "nouser", "users", "nousers", "owner",
        "noowner",
        "group", "nogroup", "_netdev", "_rnetdev", "comment", "uhelper", "helper", "allow_other",
        "default_permissions", "fsname", "subtype", "async", "sync", "dirsync", "mand", "nomand", "silent", "loud",
        "iversion", "noiversion", "lazytime", "nolazytime",
    ]

    /// Takes up a comma-separated list; a later option overrides an earlier one.
    ///
    /// `sloppy` ignores options that are not known, as mount(8) -s wants it.
    /// Throws a failure with exit code 1 that names the option.
    mutating func apply(_ text: String, sloppy: Bool) throws(CommandFailure) {
        for option in Self.split(text) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first.map(String.init) ?? ""
            try apply(name, parts.count > 1 ? Self.unquoted(String(parts[1])) : nil, sloppy: sloppy)
        }
    }

    private mutating func apply(_ name: String, _ value: String?, sloppy: Bool) throws(CommandFailure) {
        switch name {
        case "platform": platform = try Self.required(value, name)
        case "authfile": authfile = try Self.required(value, name)
        case "pull":
            let text = try Self.required(value, name)
            guard let policy = PullPolicy(rawValue: text) else {
                throw CommandFailure(ExitStatus.usage, "option 'pull=\(text)': it is missing, always or never")
            }
            pull = policy
        case "insecure": insecure = true
        case "prefetch": prefetches = true
        case "suid", "allow_suid": flags.allowsSetUserID = true
        case "nosuid": flags.allowsSetUserID = false
        case "dev", "allow_dev": flags.allowsDevices = true
        case "nodev": flags.allowsDevices = false
        case "exec": flags.noExecute = false
        case "noexec": flags.noExecute = true
        case "noatime": flags.noAccessTime = true
        case "atime", "relatime", "norelatime":
            flags.noAccessTime = false
            flags.strictAccessTime = false
        case "strictatime":
            flags.noAccessTime = false
            flags.strictAccessTime = true
        case "nostrictatime": flags.strictAccessTime = false
        case "nodiratime": flags.noDirectoryAccessTime = true
        case "diratime": flags.noDirectoryAccessTime = false
        case "nosymfollow": flags.noSymbolicLinks = true
        case "symfollow": flags.noSymbolicLinks = false
        case "remount":
            throw CommandFailure(ExitStatus.usage, "option 'remount' does not work here: unmount and mount again")
        case let name where Self.dropped.contains(name) || name.hasPrefix("x-") || name.hasPrefix("X-"): return
        default:
            if !sloppy { throw CommandFailure(ExitStatus.usage, "unknown mount option '\(name)'") }
        }
    }

    private static func required(_ value: String?, _ name: String) throws(CommandFailure) -> String {
        guard let value, !value.isEmpty else {
            throw CommandFailure(ExitStatus.usage, "option '\(name)' needs a value: \(name)=…")
        }
        return value
    }

    /// Splits at commas that are not between double quotes, as libmount does.
    static func split(_ text: String) -> [String] {
        var options: [String] = []
        var current = ""
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if character == "," && !isQuoted {
                options.append(current)
                current = ""
            } else {
                current.append(character)
            }
        }
        options.append(current)
        return options.filter { !$0.isEmpty }
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
        return String(value.dropFirst().dropLast())
    }
}
