import Testing

/// Programs that people point at a directory.
@Suite(.serialized)
struct ToolTests {
    @Test func `du, find, tar, rsync and cp -a read a mount`() throws {
        let image = try TestImage(scripts: [
            "mkdir -p a/b/c; seq 30000 >a/b/numbers; ln a/b/numbers a/again; ln -s b a/link; echo x >'a/b/c/with space'"
        ])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let copy = try installation.directory.makeDirectory("copy")
        let difference = "diff -r --no-dereference '\(target)' '\(copy)'"
        #expect(try output("find", target, "-type", "f", "-links", "2").split(separator: "\n").count == 2)
        let kilobytes = try output("du", "-sk", target).split(whereSeparator: \.isWhitespace)[0]
        #expect(Int(kilobytes).map { $0 >= 160 && $0 < 250 } == true, "\(kilobytes)")
        try shell("cp -a '\(target)/.' '\(copy)'; \(difference); rm -r '\(copy)'/*")
        try shell("rsync -aHX '\(target)/' '\(copy)'; \(difference); rm -r '\(copy)'/*")
        try shell("tar -C '\(target)' -cf - . | tar -C '\(copy)' -xf -; \(difference)")
        #expect(try output("stat", "-c", "%h", copy + "/a/again") == "2\n")
    }

    @Test func `link counts, inode numbers and free space are what programs expect`() throws {
        let image = try TestImage(scripts: ["mkdir -p a/b a/c a/d; echo 1 >a/f; ln a/f g"])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        #expect(try output("stat", "-c", "%h", target + "/a") == "5\n")
        #expect(try output("stat", "-c", "%h", target + "/a/f") == "2\n")
        let inodes = try output("stat", "-c", "%i", target + "/a/f", target + "/g").split(separator: "\n")
        #expect(inodes[0] == inodes[1])
        let free = try output("stat", "-f", "-c", "%f %a %l", target)
        #expect(free == "0 0 255\n")
    }

    @Test func `holes are reported and read as zeros`() throws {
        let image = try TestImage()
        let directory = try TestDirectory()
        let tar = directory.path("layer.tar")
        let tree = try directory.makeDirectory("tree")
        try shell(
            """
            cd '\(tree)'; truncate -s 8M hole; printf data | dd of=hole bs=1 seek=4194304 conv=notrunc status=none
            tar -S --format=gnu -cf '\(tar)' hole
            """)
        try image.add(tar: tar)
        try image.finish()
        let installation = try Installation()
        let target = try installation.mount(image.source)
        #expect(try output("cmp", target + "/hole", tree + "/hole") == "")
        let blocks = try output("stat", "-c", "%b", target + "/hole").split(separator: "\n")[0]
        #expect(Int(blocks).map { $0 < 100 } == true)
        try shell("cp --sparse=auto '\(target)/hole' '\(directory.path)/copy'")
        #expect(try output("cmp", target + "/hole", directory.path("copy")) == "")
    }
}
