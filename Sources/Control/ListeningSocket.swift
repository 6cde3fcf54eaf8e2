import CLinux
import Glibc
public import SystemPackage

/// The socket on which a daemon listens for commands.
///
/// An exclusive flock(2) on `<path>.lock` says that a daemon has the socket; it goes with the process however that ends.
public final class ListeningSocket: Sendable {
    /// Clients that may wait to be accepted; the kernel lowers it to net.core.somaxconn.
    private static let backlog: Int32 = 4096
    /// SD_LISTEN_FDS_START, sd_listen_fds(3)
    public static let firstInherited: Int32 = 3

    public let path: String
    let descriptor: Int32
    private let lock: Int32

    private init(path: String, descriptor: Int32, lock: Int32) {
        self.path = path
        self.descriptor = descriptor
        self.lock = lock
    }

    /// For a child process that is to serve it; stays open only as long as this object.
    public var inheritable: FileDescriptor { FileDescriptor(rawValue: descriptor) }

    /// Does not remove the socket's file: a client that connects before the next daemon comes is told that none runs.
    deinit {
        _ = close(descriptor)
        _ = close(lock)
    }

    /// The socket that systemd passed on (LISTEN_PID, LISTEN_FDS), or else a new one at `path`.
    public static func open(_ path: String, environment: [String: String]) throws(ControlError) -> ListeningSocket {
        let inherited = Self.inherited(environment)
        // Whoever passes a socket on holds the lock until a moment after the daemon has begun.
        let lock = try Self.lock(path, waitingAtMostSeconds: inherited == nil ? 0 : 10)
        do throws(ControlError) {
            if let inherited { return ListeningSocket(path: path, descriptor: inherited, lock: lock) }
            return ListeningSocket(path: path, descriptor: try bind(path), lock: lock)
        } catch {
            _ = close(lock)
            throw error
        }
    }

    /// Which of the descriptors that systemd passed on is the socket.
    private static func inherited(_ environment: [String: String]) -> Int32? {
        guard environment["LISTEN_PID"] == "\(getpid())", let count = environment["LISTEN_FDS"].flatMap({ Int32($0) })
        else { return nil }
        return (firstInherited..<firstInherited + max(0, min(count, 1024))).first { descriptor in
            var isListening: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0, isListening != 0
            else { return false }
            let flags = fcntl(descriptor, F_GETFL)
            return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0
        }
    }

    private static func lock(_ path: String, waitingAtMostSeconds: Double) throws(ControlError) -> Int32 {
        let lockPath = path + ".lock"
        let lock = Glibc.open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw .system(call: "open", path: lockPath, Errno(rawValue: errno)) }
        let deadline = ContinuousClock.now + .seconds(waitingAtMostSeconds)
        while flock(lock, LOCK_EX | LOCK_NB) != 0 {
            let error = Errno(rawValue: errno)
            if error == .wouldBlock, ContinuousClock.now < deadline {
                usleep(5_000)
                continue
            }
            _ = close(lock)
            throw error == .wouldBlock ? .socketInUse(socket: path) : .system(call: "flock", path: lockPath, error)
        }
        return lock
    }

    private static func bind(_ path: String) throws(ControlError) -> Int32 {
        try refuseLiveSocket(path)
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system(call: "unlink", path: path, Errno(rawValue: errno))
        }
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_UNIX, Int32(type), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", path: path, Errno(rawValue: errno)) }
        do throws(ControlError) {
            // bind(2) makes the file with the socket's own mode, so that nobody else ever can connect.
            guard fchmod(descriptor, 0o600) == 0 else {
                throw .system(call: "fchmod", path: path, Errno(rawValue: errno))
            }
            let failure = try SocketAddress.with(path) { address, length -> Errno? in
                Glibc.bind(descriptor, address, length) == 0 && listen(descriptor, backlog) == 0
                    ? nil : Errno(rawValue: errno)
            }
            if let failure { throw .system(call: "bind", path: path, failure) }
        } catch {
            _ = close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Somebody who does not take the lock may listen there: systemd for a socket unit.
    private static func refuseLiveSocket(_ path: String) throws(ControlError) {
        do throws(ControlError) {
            _ = try ControlClient(connectingTo: path)
        } catch .notRunning {
            return
        } catch .system(_, _, .protocolWrongTypeForSocket) {
            throw .socketInUse(socket: path)
        }
        throw .socketInUse(socket: path)
    }
}
