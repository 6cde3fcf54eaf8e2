public import OCI

/// What a bundle wants besides what its image says.
public struct BundleOptions: Hashable, Sendable {
    /// Nothing in the root file system can be written.
    public var isReadOnly = false
    /// The process has a terminal; the runtime then wants one.
    public var hasTerminal = false
    /// Arguments instead of the image's Cmd; its Entrypoint stays. Empty: those of the image.
    public var command: [String] = []

    public init() {}
}

extension RuntimeConfig {
    /// The config of a container of an image: conversion.md of the image specification, and where that leaves it open,
    /// what Docker and podman do. `user` is the image's `User`, looked up.
    public init(image: ImageConfig, user: ContainerUser, options: BundleOptions) {
        let config = image.config ?? ImageConfig.Execution()
        process = Process(
            terminal: options.hasTerminal,
            user: User(
                uid: user.userID, gid: user.groupID,
                additionalGids: user.additionalGroupIDs.isEmpty ? nil : user.additionalGroupIDs),
            args: Self.arguments(config, command: options.command),
            env: Self.environment(config.environment ?? [], home: user.home, hasTerminal: options.hasTerminal),
            cwd: Self.absolute(config.workingDirectory ?? ""),
            capabilities: .containers,
            noNewPrivileges: false)
        root = Root(path: "rootfs", readonly: options.isReadOnly)
        hostname = "imgfs"
        mounts = Mount.containers + Self.volumes(config.volumes ?? [])
        annotations = Self.annotations(image)
        linux = .containers
    }

    /// The command without one in the image is a shell, as in the configs that `runc spec` writes.
    private static func arguments(_ config: ImageConfig.Execution, command: [String]) -> [String] {
        let words = (config.entrypoint ?? []) + (command.isEmpty ? config.command ?? [] : command)
        return words.isEmpty ? ["sh"] : words
    }

    /// Of variables that are set twice the last counts; what is no `NAME=VALUE` is left out, runtimes refuse it.
    private static func environment(_ variables: [String], home: String?, hasTerminal: Bool) -> [String] {
        var entries: [(name: Substring, text: String)] = []
        func set(_ text: String) {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex, !text.utf8.contains(0) else {
                return
            }
            let name = text[..<equals]
            entries.removeAll { $0.name == name }
            entries.append((name, text))
        }
        set("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        if hasTerminal { set("TERM=xterm") }
        set("HOME=\(home ?? "/")")
        variables.forEach(set)
        return entries.map(\.text)
    }

    /// A volume keeps what the image has there, in memory, as long as the container lives.
    private static func volumes(_ paths: [String]) -> [Mount] {
        let own = Set(Mount.containers.map(\.destination))
        return Set(paths.map(absolute)).subtracting(own).subtracting(["/"]).sorted().map { path in
            Mount(
                destination: path, type: "tmpfs", source: "tmpfs",
                options: ["rw", "nosuid", "nodev", "relatime", "tmpcopyup"])
        }
    }

    /// An absolute path without `.`, `..` and doubled slashes; `..` at the root stays there.
    static func absolute(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }

    /// Labels win over what is derived from other members.
    private static func annotations(_ image: ImageConfig) -> [String: String]? {
        let config = image.config
        var values: [String: String] = [:]
        let derived: [(String, String?)] = [
            ("os", image.os), ("architecture", image.architecture), ("variant", image.variant),
            ("author", image.author), ("created", image.created), ("stopSignal", config?.stopSignal),
            ("exposedPorts", config?.exposedPorts?.joined(separator: ",")),
        ]
        for case (let name, let value?) in derived where !value.isEmpty {
            values["org.opencontainers.image." + name] = value
        }
        values.merge(config?.labels ?? [:]) { $1 }
        values[""] = nil  // the runtime specification: a key is not empty
        return values.isEmpty ? nil : values
    }

    /// Where the runtime mounts something or begins: directories that the root file system has to have.
    public var neededDirectories: [String] {
        let below = mounts.map(\.destination).filter { path in
            // What is below another mount is made there.
            !mounts.contains { path != $0.destination && path.hasPrefix($0.destination + "/") }
        }
        return Set(below + [process.cwd]).subtracting(["/"]).sorted()
    }
}
