import Glibc

/// The address of a Unix socket, unix(7).
enum SocketAddress {
    /// sun_path has 108 bytes with its NUL.
    static let maximumPathByteCount = 107

    /// Calls `body` with the address of `path`, for bind(2) and connect(2).
    static func with<R>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) throws(ControlError) -> R {
        guard path.utf8.count <= maximumPathByteCount else { throw .pathTooLong(socket: path) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
