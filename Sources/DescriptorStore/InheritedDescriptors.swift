import CLinux
import Glibc

/// A descriptor that this process was started with.
public struct InheritedDescriptor: Sendable, Equatable {
    /// What it was stored under, or what the socket unit calls it; empty when nobody gave it a name.
    public var name: String
    public var descriptor: Int32

    public init(name: String, descriptor: Int32) {
        self.name = name
        self.descriptor = descriptor
    }
}

/// What systemd, or the keeper in its place, passes to a process that it starts. See sd_listen_fds(3).
public enum InheritedDescriptors {
    /// SD_LISTEN_FDS_START
    public static let first: Int32 = 3
    /// A thousand mounts pass two each.
    static let maximumCount: Int32 = 1 << 16

    /// Everything that was passed, with its name. From here on it is not passed to other programs.
    ///
    /// Empty unless `LISTEN_PID` names this process: a variable that was handed down too far means nothing.
    public static func take(
        _ environment: [String: String], processID: Int32? = nil
    ) -> [InheritedDescriptor] {
        let passed = parse(environment, processID: processID ?? getpid())
        return passed.filter { fcntl($0.descriptor, F_SETFD, FD_CLOEXEC) == 0 }
    }

    static func parse(_ environment: [String: String], processID: Int32) -> [InheritedDescriptor] {
        guard environment["LISTEN_PID"] == "\(processID)",
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), count > 0
        else { return [] }
        let names =
            environment["LISTEN_FDNAMES"].map { $0.split(separator: ":", omittingEmptySubsequences: false) } ?? []
        return (0..<min(count, maximumCount)).map { position in
            let index = Int(position)
            return InheritedDescriptor(
                name: index < names.count ? String(names[index]) : "", descriptor: first + position)
        }
    }
}
