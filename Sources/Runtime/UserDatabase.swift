public import OCI

/// The users and groups of an image: what its /etc/passwd and /etc/group say, passwd(5) and group(5).
///
/// Lines that are none are skipped, as the C library does.
public struct UserDatabase: Hashable, Sendable {
    /// Bytes of either file that are looked at; more is refused by whoever reads it.
    public static let maximumFileByteCount = 4 << 20

    public struct User: Hashable, Sendable {
        public var name: String
        public var userID: UInt32
        public var groupID: UInt32
        public var home: String
    }

    public struct Group: Hashable, Sendable {
        public var name: String
        public var groupID: UInt32
        public var members: [String]
    }

    public var users: [User]
    public var groups: [Group]

    /// Reads the text of the two files; an image without one of them has an empty one.
    public init(passwd: String, group: String) {
        users = Self.records(passwd).compactMap { fields in
            guard fields.count >= 6, !fields[0].isEmpty, let user = Self.id(fields[2]), let group = Self.id(fields[3])
            else { return nil }
            return User(name: String(fields[0]), userID: user, groupID: group, home: String(fields[5]))
        }
        groups = Self.records(group).compactMap { fields in
            guard fields.count >= 3, !fields[0].isEmpty, let group = Self.id(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            return Group(name: String(fields[0]), groupID: group, members: members)
        }
    }

    private static func records(_ text: String) -> [[Substring]] {
        // At bytes, not Characters: a colon before a combining mark is a colon.
        text.utf8.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { Substring($0) }
        }
    }

    /// A user or group number: digits alone. 4294967295 is none, chown(2) takes it for "do not change".
    static func id(_ text: some StringProtocol) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let id = UInt32(text), id != .max
        else { return nil }
        return id
    }
}

/// Who a container runs as.
public struct ContainerUser: Hashable, Sendable {
    public var userID: UInt32
    public var groupID: UInt32
    /// Without the primary one, in rising order.
    public var additionalGroupIDs: [UInt32]
    /// nil where the image has no such user.
    public var home: String?

    /// Looks up `User` of an image's config: empty, `user`, `uid`, `user:group`, `uid:gid` and mixtures.
    ///
    /// Digits are a number and need not be in /etc/passwd; the group is then that of the user's line, or 0. Without a
    /// group of its own in `text` the user has the groups of /etc/group as well. See the image specification,
    /// conversion.md. Throws for names that the image does not have.
    public init(_ text: String, in database: UserDatabase) throws(UserError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let userPart = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let groupPart = parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil

        let user: UserDatabase.User?
        if let id = UserDatabase.id(userPart) {
            user = database.users.first { $0.userID == id }
            userID = id
        } else {
            user = database.users.first { $0.name == userPart }
            guard let user else { throw UserError(name: String(userPart), file: "/etc/passwd") }
            userID = user.userID
        }
        home = user.flatMap { $0.home.isEmpty ? nil : $0.home }
        additionalGroupIDs = []
        if let groupPart {
            if let id = UserDatabase.id(groupPart) {
                groupID = id
            } else {
                guard let group = database.groups.first(where: { $0.name == groupPart }) else {
                    throw UserError(name: String(groupPart), file: "/etc/group")
                }
                groupID = group.groupID
            }
        } else {
            groupID = user?.groupID ?? 0
            if let name = user?.name {
                let own = groupID
                let others = database.groups.filter { $0.members.contains(name) && $0.groupID != own }
                additionalGroupIDs = Set(others.map(\.groupID)).sorted()
            }
        }
    }
}

/// The image's config names a user or group that the image does not have.
public struct UserError: DescribedError, Equatable {
    public var name: String
    /// Where it is missing.
    public var file: String

    public var kind: FailureKind { .notFound }
    public var description: String { "the image runs as \(quoted(name)), which its \(file) does not have" }
}
