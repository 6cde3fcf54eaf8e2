import SystemPackage

/// What /proc/TID/status says of a thread that waits for an answer. See proc_pid_status(5).
struct ThreadStatus {
    let text: String

    init(text: String) { self.text = text }

    /// Nil for a thread that cannot be looked at: it has ended, or lives outside of the daemon's pid namespace.
    init?(ofThread thread: Int32) {
        guard thread > 0 else { return nil }
        do {
            let file = try FileDescriptor.open("/proc/\(thread)/status", .readOnly, options: .closeOnExec)
            text = try file.closeAfter {
                try String(unsafeUninitializedCapacity: 4096) { memory in
                    try file.read(into: UnsafeMutableRawBufferPointer(memory))
                }
            }
        } catch {
            return nil
        }
    }

    /// Nil when the text does not say.
    var caller: Caller? {
        guard let user = numbers(of: "Uid:"), let group = numbers(of: "Gid:"), user.count == 4, group.count == 4 else {
            return nil
        }
        // Real, effective, saved, file system.
        return Caller(userID: user[3], groupIDs: [group[3]] + (numbers(of: "Groups:") ?? []))
    }

    private func numbers(of field: String) -> [UInt32]? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field) }) else { return nil }
        return line.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().compactMap { UInt32($0) }
    }
}

/// Whose permissions count for files, in the daemon's user namespace.
public struct Caller: Equatable, Sendable {
    public var userID: UInt32
    /// The thread's own one and the supplementary ones.
    public var groupIDs: [UInt32]

    public init(userID: UInt32, groupIDs: [UInt32]) {
        self.userID = userID
        self.groupIDs = groupIDs
    }
}
