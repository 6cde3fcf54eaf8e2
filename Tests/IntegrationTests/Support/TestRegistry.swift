import Glibc

/// Debian's docker-registry on a free port of the loopback interface, with its access log.
final class TestRegistry {
    let directory: TestDirectory
    let port: Int
    private var process: Child

    /// host:port
    var host: String { "127.0.0.1:\(port)" }

    init(port: Int? = nil, storage: String? = nil) throws {
        directory = try TestDirectory()
        self.port = try port ?? freePort()
        let configuration = directory.path("registry.yml")
        try write(
            """
            version: 0.1
            log: {level: warn, accesslog: {disabled: false}}
            storage:
              filesystem: {rootdirectory: \(storage ?? directory.path("data"))}
              delete: {enabled: true}
            http: {addr: '127.0.0.1:\(self.port)'}
            """, to: configuration)
        process = try Child(["docker-registry", "serve", configuration])
        let port = self.port
        guard eventually(seconds: 20, { canConnect(port: port) }) else {
            throw TestFailure("docker-registry does not start: \(process.errorsSoFar)")
        }
    }

    func stop() {
        process.signal(SIGKILL)
        process.wait()
    }

    /// Copies an image of an OCI layout into the registry and returns its reference.
    @discardableResult
    func push(_ layout: TestImage, as name: String) throws -> String {
        try output(
            "skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false",
            "oci:\(layout.path):latest", "docker://\(host)/\(name)")
        return "\(host)/\(name)"
    }

    struct Request: Hashable {
        var method: String
        var path: String
        var status: Int
    }

    /// The requests since the start, without skopeo's pushes.
    var requests: [Request] {
        process.outputSoFar.split(separator: "\n").compactMap { line in
            guard line.contains("imgfs/") else { return nil }
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
            guard parts.count > 2 else { return nil }
            let words = parts[1].split(separator: " ")
            let rest = parts[2].split(separator: " ")
            guard words.count >= 2, let status = rest.first.flatMap({ Int($0) }) else { return nil }
            return Request(method: String(words[0]), path: String(words[1]), status: status)
        }
    }

    /// How often each blob was asked for.
    var blobRequests: [String: Int] {
        requests.filter { $0.path.contains("/blobs/") }.reduce(into: [:]) { $0[$1.path, default: 0] += 1 }
    }

    var manifestRequests: Int { requests.count { $0.path.contains("/manifests/") } }
}

/// A port of the loopback interface that nothing listens on.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard bound else { throw TestFailure("no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
}

func canConnect(port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    var address = loopback(port: port)
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}
