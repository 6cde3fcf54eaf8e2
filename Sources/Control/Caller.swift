/// The process at the other end of a control connection, as the kernel vouches for it (SO_PEERCRED, unix(7)).
public struct Caller: Sendable, Hashable, Codable {
    public var userID: UInt32
    public var groupID: UInt32
    /// The process that connected. It may have ended meanwhile.
    public var processID: Int32

    public init(userID: UInt32, groupID: UInt32, processID: Int32) {
        self.userID = userID
        self.groupID = groupID
        self.processID = processID
    }

    /// True for root: only its environment may name files that the daemon then reads.
    public var isSuperuser: Bool { userID == 0 }
}
