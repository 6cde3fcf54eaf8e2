import Glibc
import OCI
import Testing

/// `imgfs export` and `imgfs cp`: files of an image without a mount.
@Suite(.serialized)
struct ExportTests {
    private static let script = """
        mkdir -p a/b 'with space' deep; seq 20000 >a/b/numbers; ln a/b/numbers z-again; ln -s b/numbers a/link
        ln -s /a/b absolute; mkfifo pipe; mknod null c 1 3; mknod disk b 4095 1048575; : >empty
        truncate -s 3M holes; printf data | dd of=holes bs=1 seek=1500000 conv=notrunc status=none
        truncate -s 9G huge; chmod 4755 a/b/numbers; chown 70000:3000000 'with space'; setfattr -n user.x -v y a/b
        setcap cap_net_raw+ep empty; touch -d '1969-12-31 23:59:58.75 UTC' pipe; touch -h -d '2001-02-03 04:05:06.123456789' a/link
        : >"$(printf 'name\\303\\251')"; name=$(printf 'n%.0s' $(seq 200)); mkdir -p "deep/$name"; : >"deep/$name/$name"
        chmod 1777 a; touch -d @1700000000 a/b a
        """

    /// Holes stay holes in the layer.
    private static func image(_ scripts: [String]) throws -> TestImage {
        let image = try TestImage()
        for (number, script) in scripts.enumerated() {
            let tree = try image.directory.makeDirectory("tree\(number)")
            let tar = image.directory.path("layer\(number).tar")
            try shell(
                """
                cd '\(tree)'; \(script)
                tar -S --format=pax --xattrs --xattrs-include='*' -cf '\(tar)' .
                """)
            try image.add(tar: tar)
        }
        try image.finish()
        return image
    }

    @Test func `an exported image is what a mount shows, byte for byte the same every time`() throws {
        let image = try Self.image([Self.script, "mkdir a; : >a/.wh.link; echo upper >a/upper"])
        let installation = try Installation()
        let directory = installation.directory
        let archive = directory.path("image.tar")
        #expect(try installation.imgfs("export", "-o", archive, image.source).succeeded)
        #expect(try output("cat", "/proc/mounts").contains("fuse.imgfs \(directory.path)") == false)
        let again = directory.path("again.tar")
        let program = Installation.binary
        try shell("'\(program)' export '\(image.source)' >'\(again)'", environment: installation.environment)
        try output("cmp", archive, again)
        // Nine gigabytes of holes take no room.
        #expect(try Int(output("stat", "-c", "%s", archive).filter(\.isNumber)).map { $0 < 1_000_000 } == true)

        let target = try installation.mount(image.source)
        let copy = try directory.makeDirectory("copy")
        try output("tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", copy, "-xpf", archive)
        #expect(try differences(between: target, and: copy, content: false) == [])
        for name in ["a/b/numbers", "holes", "a/upper"] { try output("cmp", target + "/" + name, copy + "/" + name) }
        #expect(try output("bsdtar", "-tf", archive).contains("deep/"))

        // Back into an image: its own layer.
        let second = try TestImage()
        try second.add(tar: archive)
        try second.finish()
        let mounted = try installation.mount(second.source)
        #expect(try differences(between: target, and: mounted, content: false) == [])
    }

    @Test func `cp copies files and trees and stays in its destination`() throws {
        let image = try Self.image([Self.script])
        let installation = try Installation()
        let directory = try installation.directory.makeDirectory("work")
        let source = image.source
        func copy(_ arguments: String...) throws -> Child.Outcome {
            try Child(
                [Installation.binary, "cp"] + arguments, environment: installation.environment
            ).wait()
        }
        #expect(try copy("\(source):/a/b/numbers", directory + "/file").succeeded)
        #expect(try output("stat", "-c", "%a %u %h", directory + "/file") == "755 0 1\n")
        #expect(try copy("\(source):/absolute/numbers", directory).succeeded)
        try output("cmp", directory + "/file", directory + "/numbers")
        #expect(try copy("\(source):/a/link", directory).succeeded)
        #expect(try output("readlink", directory + "/link") == "b/numbers\n")
        #expect(try copy("-L", "\(source):/a/link", directory).succeeded)
        try output("cmp", directory + "/file", directory + "/link")

        let target = try installation.mount(source)
        #expect(try copy("-a", "\(source):/", directory + "/all").succeeded)
        #expect(try differences(between: target, and: directory + "/all", content: false) == [])
        try output("cmp", target + "/holes", directory + "/all/holes")
        #expect(try copy("-a", "\(source):/absolute/.", directory + "/contents").succeeded)
        #expect(try output("ls", directory + "/contents") == "numbers\n")
        try shell(
            "'\(Installation.binary)' cp '\(source):/a' - | tar -t >'\(directory)/list'",
            environment: installation.environment)
        #expect(try output("cat", directory + "/list") == "a/\na/b/\na/b/numbers\na/link\n")

        // A symbolic link in the destination is never followed.
        try shell("mkdir '\(directory)/outside' '\(directory)/trap'; ln -s ../outside '\(directory)/trap/a'")
        let trapped = try copy("\(source):/a", directory + "/trap")
        #expect(trapped.status == 2, "\(trapped.text)")
        #expect(try output("ls", directory + "/outside") == "")

        #expect(try copy("\(source):/nothing", directory).status == 3)
        #expect(try copy("\(source):/../../../etc/hostname", directory).status == 3)
        #expect(try copy("\(source):/null", directory).status == 7)
        #expect(try copy("\(source):/a", directory + "/file").status == 1)
        #expect(try copy("\(source)", directory).status == 1)
        #expect(try output("ls", "-A", directory).contains(".imgfs-cp") == false)
    }

    @Test func `an image that cannot be read says why`() throws {
        let image = try TestImage(scripts: ["echo x >a"])
        let digest = try #require(image.layers.first).digest
        try output("rm", image.path(of: digest))
        let installation = try Installation()
        let outcome = try installation.imgfs("export", image.source, "-o", installation.directory.path("out"))
        #expect(outcome.status == 3, "\(outcome.text)")
        #expect(outcome.errors.contains(digest.hex), "\(outcome.errors)")
        #expect(try installation.imgfs("cp", image.source + ":/a", "/nowhere").status == 3)
        #expect(try installation.imgfs("export", image.source + "x").status == 3)
        #expect(access(installation.directory.path("out"), F_OK) != 0)
    }
}
