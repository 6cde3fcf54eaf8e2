import CLinux
import Control
import Glibc
import OCI
import SystemPackage

/// A listening socket for metrics.
enum MetricsSocket {
    private static let backlog: Int32 = 16

    /// Throws when the address belongs to somebody else. A socket file that nobody listens on is replaced.
    static func listen(on address: MetricsAddress) throws(DaemonError) -> FileDescriptor {
        switch address {
        case .unix(let path): try listenUnix(path, address)
        case .ipv4(let host, let port):
            try listen(AF_INET, address) { descriptor in
                var name = sockaddr_in()
                name.sin_family = sa_family_t(AF_INET)
                name.sin_port = port.bigEndian
                guard inet_pton(AF_INET, host, &name.sin_addr) == 1 else { return false }
                return bind(descriptor, name)
            }
        case .ipv6(let port):
            try listen(AF_INET6, address) { descriptor in
                var name = sockaddr_in6()
                name.sin6_family = sa_family_t(AF_INET6)
                name.sin6_port = port.bigEndian
                guard inet_pton(AF_INET6, "::1", &name.sin6_addr) == 1 else { return false }
                return bind(descriptor, name)
            }
        }
    }

    /// For the owner alone. Removed with `remove` at the end.
    private static func listenUnix(_ path: String, _ address: MetricsAddress) throws(DaemonError) -> FileDescriptor {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw DaemonError(.usage, "metrics at \(address): \(quoted(path)) is there and is no socket")
            }
            guard isAbandoned(name) else {
                throw DaemonError(.usage, "metrics at \(address): another process listens there")
            }
            unlink(path)
        }
        return try listen(AF_UNIX, address) { descriptor in
            // bind(2) makes the file with the socket's own mode.
            fchmod(descriptor, 0o600) == 0 && bind(descriptor, name)
        }
    }

    private static func isAbandoned(_ name: sockaddr_un) -> Bool {
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let code = with(name) { connect(descriptor, $0, $1) == 0 ? 0 : errno }
        return code == ECONNREFUSED
    }

    private static let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)

    private static func listen(
        _ family: Int32, _ address: MetricsAddress, _ bind: (Int32) -> Bool
    ) throws(DaemonError) -> FileDescriptor {
        let descriptor = socket(family, type, 0)
        var one: Int32 = 1
        let isListening =
            descriptor >= 0
            && (family == AF_UNIX
                || setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size)) == 0)
            && bind(descriptor) && Glibc.listen(descriptor, backlog) == 0
        guard isListening else {
            let error = Errno(rawValue: errno)
            if descriptor >= 0 { close(descriptor) }
            throw DaemonError(.io, "metrics cannot be served at \(address): \(error)")
        }
        return FileDescriptor(rawValue: descriptor)
    }

    private static func bind<Name>(_ descriptor: Int32, _ name: Name) -> Bool {
        with(name) { Glibc.bind(descriptor, $0, $1) == 0 }
    }

    private static func with<Name, Result>(
        _ name: Name, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Name>.size))
            }
        }
    }

    /// The socket's file, if it has one, goes.
    static func remove(_ address: MetricsAddress) {
        if case .unix(let path) = address { unlink(path) }
    }
}
