import CLinux
import Glibc
import Synchronization
import SystemPackage

/// Who watches over this process and keeps descriptors for its successor: systemd, or the keeper. See sd_notify(3).
public final class ServiceManager: Sendable {
    /// Which of the two it is.
    public enum Kind: Sendable, Equatable {
        case systemd
        /// The process with this number.
        case keeper(processID: Int32)
    }

    public let kind: Kind
    /// How often `alive()` is expected at least; nil when nobody watches.
    public let watchdogSeconds: Double?
    private let socket: Int32
    private let address: sockaddr_un
    private let addressLength: socklen_t
    private let hasFailed = Atomic(false)

    /// A manager that does not read for so long counts as gone.
    private static let sendTimeoutSeconds = 5

    /// nil when nobody manages this process, or the socket's address makes no sense.
    public init?(_ environment: [String: String], processID: Int32? = nil) {
        guard let path = environment["NOTIFY_SOCKET"], let (address, length) = Self.address(of: path) else {
            return nil
        }
        // A keeper is this process's parent; a variable that was handed down further is not about this process.
        if let text = environment["IMGFS_KEEPER"] {
            guard let keeper = Int32(text), keeper == getppid() else { return nil }
            kind = .keeper(processID: keeper)
        } else {
            kind = .systemd
        }
        self.address = address
        addressLength = length
        let isWatched = environment["WATCHDOG_PID"].map { $0 == "\(processID ?? getpid())" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Double($0) } ?? 0
        watchdogSeconds = isWatched && microseconds > 0 ? microseconds / 1e6 : nil
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        var time = timeval(tv_sec: Self.sendTimeoutSeconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        _ = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, length) }
        }
    }

    deinit { if socket >= 0 { _ = close(socket) } }

    /// False once the manager is gone: what it kept then lives only as long as this process.
    public var isThere: Bool {
        if case .keeper(let processID) = kind, getppid() != processID { return false }
        return !hasFailed.load(ordering: .relaxed)
    }

    /// Keeps descriptors for the successor, all under one name.
    @discardableResult
    public func store(_ descriptors: [Int32], as name: String) -> Bool {
        // FDPOLL=0: a descriptor whose other end is gone is taken away by whoever knows what it means.
        send("FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0", descriptors)
    }

    /// Lets go of all that was stored under `name`.
    public func remove(_ name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

    /// This process serves.
    ///
    /// - Parameter watchdogSeconds: how often `alive()` is to be expected at least from now on; 0 for never, nil for as before.
    public func ready(watchdogSeconds: Double? = nil) {
        let watchdog = watchdogSeconds.map { "\nWATCHDOG_USEC=\(UInt64($0 * 1e6))" } ?? ""
        send("READY=1\nSTATUS=serving" + watchdog)
    }

    public func stopping() { send("STOPPING=1") }

    /// A sign of life.
    public func alive() { send("WATCHDOG=1") }

    @discardableResult
    private func send(_ text: String, _ descriptors: [Int32] = []) -> Bool {
        let bytes = Array(text.utf8)
        while true {
            if imgfs_send_datagram(socket, bytes, bytes.count, descriptors, descriptors.count) >= 0 { return true }
            switch errno {
            case EINTR: continue
            case ECONNREFUSED, ENOTCONN, ENOENT, EPIPE: hasFailed.store(true, ordering: .relaxed)
            default: break
            }
            return false
        }
    }

    /// A path, or with `@` a name that is in no directory, unix(7).
    private static func address(of path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count > 1, bytes.count < capacity, bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@")
        else { return nil }
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = MemoryLayout<sa_family_t>.size + bytes.count
        return (address, socklen_t(bytes[0] == 0 ? length : length + 1))
    }
}
