import OCI
import Testing

@testable import Runtime

struct UserDatabaseTests {
    private static let database = UserDatabase(
        passwd: """
            root:x:0:0:root:/root:/bin/bash
            # no user
            redis:x:999:1000:Redis,,,:/var/lib/redis:/bin/false
            nohome:x:5:6:::
            short:x:7
            bad:x:-1:0::/:
            over:x:4294967295:0::/:
            123:x:8:9::/eight:/bin/sh
            """,
        group:
            "root:x:0:\nredis:x:1000:\nssl:x:50:redis,other\nadm:x:4:redis\nagain:x:50:redis\nown:x:1000:redis\n:x:1:\n"
    )

    struct Sample {
        var text: String
        var userID: UInt32
        var groupID: UInt32
        var additional: [UInt32] = []
        var home: String?
    }

    @Test(arguments: [
        Sample(text: "", userID: 0, groupID: 0, home: "/root"),
        Sample(text: "root", userID: 0, groupID: 0, home: "/root"),
        Sample(text: "redis", userID: 999, groupID: 1000, additional: [4, 50], home: "/var/lib/redis"),
        Sample(text: "999", userID: 999, groupID: 1000, additional: [4, 50], home: "/var/lib/redis"),
        Sample(text: "redis:ssl", userID: 999, groupID: 50, home: "/var/lib/redis"),
        Sample(text: "redis:50", userID: 999, groupID: 50, home: "/var/lib/redis"),
        Sample(text: "redis:", userID: 999, groupID: 1000, additional: [4, 50], home: "/var/lib/redis"),
        Sample(text: ":adm", userID: 0, groupID: 4, home: "/root"),
        Sample(text: "4000", userID: 4000, groupID: 0),
        Sample(text: "4000:4001", userID: 4000, groupID: 4001),
        Sample(text: "nohome", userID: 5, groupID: 6),
        Sample(text: "123", userID: 123, groupID: 0),
    ])
    func `A config's user is looked up in the image`(_ sample: Sample) throws {
        let user = try ContainerUser(sample.text, in: Self.database)
        #expect(user.userID == sample.userID)
        #expect(user.groupID == sample.groupID)
        #expect(user.additionalGroupIDs == sample.additional)
        #expect(user.home == sample.home)
    }

    @Test(arguments: [
        ("nobody", "'nobody'", "/etc/passwd"), ("short", "'short'", "/etc/passwd"), ("bad", "'bad'", "/etc/passwd"),
        ("over", "'over'", "/etc/passwd"), ("redis:nogroup", "'nogroup'", "/etc/group"),
        ("4294967295", "'4294967295'", "/etc/passwd"), ("0:4294967295", "'4294967295'", "/etc/group"),
        ("re\u{1B}dis", "'re\\u{1b}dis'", "/etc/passwd"),
    ])
    func `A user that the image does not have is an error`(_ text: String, _ name: String, _ file: String) {
        let error = #expect(throws: UserError.self) { try ContainerUser(text, in: Self.database) }
        #expect(error?.kind == .notFound)
        #expect(error?.description == "the image runs as \(name), which its \(file) does not have")
    }

    @Test func `Lines end at newlines, fields at colons, whatever stands beside them`() {
        let database = UserDatabase(passwd: "a:x:1:2:g:\u{301}/h:\r\nb:x:3:4::/b:\n\n\n", group: "g:x:9")
        #expect(database.users.map(\.name) == ["a", "b"])
        #expect(database.users.map(\.home) == ["\u{301}/h", "/b"])
        #expect(database.groups == [.init(name: "g", groupID: 9, members: [])])
    }
}
