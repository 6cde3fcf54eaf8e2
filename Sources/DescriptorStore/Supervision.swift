import Glibc

/// What this process got from whoever started it: a manager that watches over it, and descriptors.
public struct Supervision: Sendable {
    /// nil when nobody keeps anything for a successor.
    public var manager: ServiceManager?
    public var descriptors: [InheritedDescriptor]

    public init(manager: ServiceManager? = nil, descriptors: [InheritedDescriptor] = []) {
        self.manager = manager
        self.descriptors = descriptors
    }

    /// Takes it from the environment, in which nothing of it remains for the programs that this one starts. To be called
    /// before there are other threads.
    public static func take(_ environment: [String: String]) -> Supervision {
        let supervision = Supervision(
            manager: ServiceManager(environment), descriptors: InheritedDescriptors.take(environment))
        for name in [
            "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
            "IMGFS_KEEPER", "FDSTORE",
        ] {
            unsetenv(name)
        }
        return supervision
    }
}
