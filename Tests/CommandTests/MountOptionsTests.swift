import Control
import Testing

@testable import Command

struct MountOptionsTests {
    static func options(_ change: (inout MountOptions) -> Void) -> MountOptions {
        var options = MountOptions()
        change(&options)
        return options
    }

    static let good: [(String, MountOptions)] = [
        ("", MountOptions()),
        ("rw", MountOptions()),
        ("ro,nosuid,nodev,exec,relatime", MountOptions()),
        (
            "rw,_netdev,nofail,user=joe,users,owner,group,noauto,auto,defaults,x-systemd.automount,X-mount.mkdir,comment=a b",
            MountOptions()
        ),
        ("allow_other,default_permissions,uhelper=x,helper=y,lazytime,silent,_rnetdev", MountOptions()),
        (",,ro,,", MountOptions()),
        ("platform=linux/arm64/v8", options { $0.platform = "linux/arm64/v8" }),
        ("pull=always", options { $0.pull = .always }),
        ("pull=always,pull=never", options { $0.pull = .never }),
        ("prefetch", options { $0.prefetches = true }),
        ("insecure,authfile=/etc/a=b.json", options { ($0.insecure, $0.authfile) = (true, "/etc/a=b.json") }),
        ("authfile=\"/a,b\",insecure", options { ($0.insecure, $0.authfile) = (true, "/a,b") }),
        ("suid,dev", options { ($0.flags.allowsSetUserID, $0.flags.allowsDevices) = (true, true) }),
        ("allow_suid,allow_dev", options { ($0.flags.allowsSetUserID, $0.flags.allowsDevices) = (true, true) }),
        ("suid,dev,nosuid,nodev", MountOptions()),
        ("nosuid,suid", options { $0.flags.allowsSetUserID = true }),
        ("noexec", options { $0.flags.noExecute = true }),
        ("noexec,exec", MountOptions()),
        ("noatime,nodiratime", options { ($0.flags.noAccessTime, $0.flags.noDirectoryAccessTime) = (true, true) }),
        ("noatime,strictatime", options { $0.flags.strictAccessTime = true }),
        ("strictatime,relatime", MountOptions()),
        ("nosymfollow", options { $0.flags.noSymbolicLinks = true }),
    ]

    @Test(arguments: good)
    func `A list of options is understood`(_ text: String, _ expected: MountOptions) throws {
        var options = MountOptions()
        try options.apply(text, sloppy: false)
        #expect(options == expected)
    }

    @Test(arguments: [
        ("nosuch", "unknown mount option 'nosuch'"), ("ro,nosuch=1", "unknown mount option 'nosuch'"),
        ("platform", "option 'platform' needs a value"), ("platform=", "option 'platform' needs a value"),
        ("authfile=", "option 'authfile' needs a value"), ("pull=sometimes", "option 'pull=sometimes'"),
        ("remount,ro", "remount"), ("Suid", "unknown mount option 'Suid'"),
    ])
    func `A wrong option is a usage error that names it`(_ text: String, _ words: String) {
        var options = MountOptions()
        do {
            try options.apply(text, sloppy: false)
            Issue.record("it was taken")
        } catch {
            #expect(error.status == ExitStatus.usage)
            #expect(error.description.contains(words))
        }
    }

    @Test func `A sloppy mount ignores unknown options, not wrong values`() throws {
        var options = MountOptions()
        try options.apply("nosuch,dev,other=3", sloppy: true)
        #expect(options == Self.options { $0.flags.allowsDevices = true })
        #expect(throws: CommandFailure.self) { try options.apply("pull=sometimes", sloppy: true) }
    }
}
