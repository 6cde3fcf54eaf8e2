import Testing

@testable import Command

struct MountArgumentsTests {
    /// Command line, separated by blanks; source, target, options, letters that are set, namespace.
    static let good: [(String, String, String, String, String, String?)] = [
        ("redis /mnt", "redis", "/mnt", "", "", nil),
        ("redis /mnt -o rw", "redis", "/mnt", "rw", "", nil),
        ("redis /mnt -orw,insecure", "redis", "/mnt", "rw,insecure", "", nil),
        ("-o rw redis /mnt", "redis", "/mnt", "rw", "", nil),
        ("redis -o rw /mnt -o dev", "redis", "/mnt", "rw,dev", "", nil),
        ("redis /mnt -s -f -n -v -o rw", "redis", "/mnt", "rw", "sfv", nil),
        ("redis /mnt -sfnv", "redis", "/mnt", "", "sfv", nil),
        ("redis /mnt -no rw", "redis", "/mnt", "rw", "", nil),
        ("redis /mnt -vorw", "redis", "/mnt", "rw", "v", nil),
        ("redis /mnt -o rw -t fuse.imgfs -N /proc/7/fd/3", "redis", "/mnt", "rw", "", "/proc/7/fd/3"),
        ("redis /mnt -t imgfs", "redis", "/mnt", "", "", nil),
        ("-- -odd /mnt", "-odd", "/mnt", "", "", nil),
        ("redis /mnt --json", "redis", "/mnt", "", "j", nil),
        ("oci:/a:b /dev/fd/5 -o ro", "oci:/a:b", "/dev/fd/5", "ro", "", nil),
    ]

    @Test(arguments: good)
    func `A command line is understood`(
        _ row: (line: String, source: String, target: String, options: String, letters: String, namespace: String?)
    ) throws {
        let arguments = try MountArguments(parsing: row.line.split(separator: " ").map(String.init))
        #expect(arguments.source == row.source)
        #expect(arguments.target == row.target)
        #expect(arguments.options == row.options)
        #expect(arguments.sloppy == row.letters.contains("s"))
        #expect(arguments.fake == row.letters.contains("f"))
        #expect(arguments.verbose == row.letters.contains("v"))
        #expect(arguments.json == row.letters.contains("j"))
        #expect(arguments.namespace == row.namespace)
    }

    @Test(arguments: [
        ("", "a source and a target are needed"), ("redis", "a source and a target are needed"),
        ("redis /mnt more", "too many arguments"), ("redis /mnt -o", "-o needs a value"),
        ("redis /mnt -x", "unknown argument '-x'"), ("redis /mnt --unknown", "unknown argument '--unknown'"),
        ("redis /mnt -t ext4", "-t ext4"), ("redis /mnt -N", "-N needs a value"),
    ])
    func `A wrong command line is a usage error that names what is wrong`(_ line: String, _ words: String) {
        do {
            _ = try MountArguments(parsing: line.split(separator: " ").map(String.init))
            Issue.record("it was taken")
        } catch {
            #expect(error.status == ExitStatus.usage)
            #expect(error.description.contains(words))
        }
    }

    @Test func `Empty names are refused`() {
        #expect(throws: CommandFailure.self) { try MountArguments(parsing: ["", "/mnt"]) }
        #expect(throws: CommandFailure.self) { try MountArguments(parsing: ["redis", ""]) }
    }

    @Test(arguments: [
        ("mount.fuse.imgfs", "redis /mnt -o rw", "mount.fuse.imgfs", "redis /mnt -o rw"),
        ("mount.imgfs", "images /mnt", "mount.imgfs", "images /mnt"),
        ("imgfs", "mount redis mnt", "imgfs", "redis mnt"),
        ("imgfs", "redis /mnt -o rw,dev,suid", "imgfs", "redis /mnt -o rw,dev,suid"),
        ("imgfs", "redis /dev/fd/7 -o rw", "imgfs", "redis /dev/fd/7 -o rw"),
    ])
    func `A mount is recognised in all of its forms`(
        _ name: String, _ line: String, _ program: String, _ rest: String
    ) throws {
        let invocation = try #require(
            MountInvocation(name: name, arguments: line.split(separator: " ").map(String.init)))
        #expect(invocation.program == program)
        #expect(invocation.arguments.joined(separator: " ") == rest)
    }

    @Test(arguments: [
        "", "images", "pull /srv/x", "umount /mnt", "rm /mnt", "mount --help", "redis", "pul redis", "-h",
    ])
    func `Other commands are not taken for mounts`(_ line: String) {
        #expect(MountInvocation(name: "imgfs", arguments: line.split(separator: " ").map(String.init)) == nil)
    }
}
