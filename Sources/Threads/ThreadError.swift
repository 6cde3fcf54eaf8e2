import Glibc

/// The system would not start a thread.
public struct ThreadError: Error, Equatable, CustomStringConvertible {
    /// The name the thread was to have.
    public var name: String
    /// As pthread_create(3) returned it: EAGAIN when there are too many threads or too little memory.
    public var errno: Int32

    public var description: String {
        "cannot start thread '\(name)': \(String(cString: strerror(errno))) (limits: ulimit -u, the cgroup's pids.max)"
    }
}
