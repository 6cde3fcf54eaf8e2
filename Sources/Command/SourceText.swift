import Control
import Glibc

/// How a source that a person typed goes to the daemon.
enum SourceText {
    /// Makes the path of `oci:` and `docker-archive:` absolute: the daemon has another working directory.
    static func absolute(_ source: String, workingDirectory: String) -> String {
        for prefix in ["oci:", "docker-archive:"] where source.hasPrefix(prefix) {
            let path = source.dropFirst(prefix.count)
            return prefix + absolutePath(String(path), workingDirectory: workingDirectory)
        }
        return source
    }

    static func absolutePath(_ path: String, workingDirectory: String) -> String {
        if path.isEmpty || path.hasPrefix("/") { return path }
        return (workingDirectory.hasSuffix("/") ? workingDirectory : workingDirectory + "/") + path
    }

    /// The kernel takes no longer value of a mount option: fsconfig(2) copies 256 bytes, with the NUL.
    static let maximumMountSourceByteCount = 255

    /// The source as the table of mounts shows it: without the middle when it is longer than the kernel takes. What tells
    /// long sources apart, a tag or a digest, is at the end.
    static func mountSource(_ source: String) -> String {
        guard source.utf8.count > maximumMountSourceByteCount else { return source }
        let half = (maximumMountSourceByteCount - 3) / 2
        func isContinuation(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
        let end = source.utf8.suffix(half).drop(while: isContinuation)
        var start = Array(source.utf8.prefix(half + 1))
        while let last = start.popLast(), isContinuation(last) {}
        return String(decoding: start, as: UTF8.self) + "..." + String(decoding: end, as: UTF8.self)
    }

    static func workingDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// The request for a source with the caller's environment.
    static func request(
        _ source: String, platform: String?, pull: PullPolicy, insecure: Bool, authfile: String?,
        environment: [String: String]
    ) -> SourceRequest {
        let directory = workingDirectory()
        func path(_ value: String?) -> String? {
            guard let value, !value.isEmpty else { return nil }
            return absolutePath(value, workingDirectory: directory)
        }
        return SourceRequest(
            source: absolute(source, workingDirectory: directory), platform: platform, pull: pull, insecure: insecure,
            credentials: CredentialEnvironment(
                authfile: path(authfile), registryAuthFile: path(environment["REGISTRY_AUTH_FILE"]),
                runtimeDirectory: path(environment["XDG_RUNTIME_DIR"]),
                dockerConfigDirectory: path(environment["DOCKER_CONFIG"]), homeDirectory: path(environment["HOME"])))
    }
}
