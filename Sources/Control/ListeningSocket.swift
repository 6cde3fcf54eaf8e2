import CLinux
public import DescriptorStore
import Glibc
public import SystemPackage

/// The socket on which a daemon listens for commands.
///
/// An exclusive flock(2) on `<path>.lock` says that a daemon has the socket; it goes with the process however that ends.
public final class ListeningSocket: Sendable {
    /// Clients that may wait to be accepted; the kernel lowers it to net.core.somaxconn.
    private static let backlog: Int32 = 4096
    /// What it is called when it is passed on.
    public static let name = "control"

    public let path: String
    /// This process made it; it was not passed on.
    public let isNew: Bool
    let descriptor: Int32
    private let lock: Int32

    private init(path: String, isNew: Bool, descriptor: Int32, lock: Int32) {
        self.isNew = isNew
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

    /// The socket among those that systemd or the keeper passed on, or else a new one at `path`.
    public static func open(_ path: String, inherited: [InheritedDescriptor]) throws(ControlError) -> ListeningSocket {
        let passed = inherited.first { isListening($0.descriptor) }?.descriptor
        // Whoever passes a socket on holds the lock until a moment after the daemon has begun.
        let lock = try Self.lock(path, waitingAtMostSeconds: passed == nil ? 0 : 10)
        do throws(ControlError) {
            if let passed { return ListeningSocket(path: path, isNew: false, descriptor: passed, lock: lock) }
            return ListeningSocket(path: path, isNew: true, descriptor: try bind(path), lock: lock)
        } catch {
            _ = close(lock)
            throw error
        }
    }

    private static func isListening(_ descriptor: Int32) -> Bool {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0, value != 0 else { return false }
        return imgfs_set_nonblocking(descriptor) == 0
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
