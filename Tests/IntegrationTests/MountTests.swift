import CLinux
import Glibc
import OCI
import Testing

/// Layers with everything that a layer can hold, over which the kernel's overlayfs and a mount have to agree.
private let everything = [
    """
    mkdir -p bin etc/deep/er usr/share/doc var/empty tmp
    chmod 1777 tmp; chmod 700 var/empty
    printf '#!/bin/sh\\necho hello\\n' >bin/hello; chmod 4755 bin/hello
    seq 1 50000 >usr/share/doc/numbers
    ln usr/share/doc/numbers usr/share/doc/numbers.hard
    ln -s ../usr/share/doc/numbers etc/link; ln -s /nowhere etc/dangling
    mkfifo var/fifo; mknod var/null c 1 3; mknod var/loop b 7 0
    chown 1000:100 etc/deep; touch -d '2001-02-03 04:05:06.789012345' etc/deep/er
    printf 'x' >etc/one; : >etc/zero; printf 'lower' >etc/replaced; printf 'gone' >etc/removed
    setfattr -n user.note -v 'some text' etc/one
    setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 bin/hello
    mkdir -p opaque/a opaque/b swap; printf 1 >opaque/a/file; printf 2 >swap/inside
    truncate -s 1M usr/hole; printf end >>usr/hole
    printf 'name' >"etc/with space"; printf 'utf' >etc/größe
    long=$(printf '%0200d' 7); mkdir -p "usr/$long"; printf 'long' >"usr/$long/$long"
    """,
    """
    printf 'upper and longer' >etc/replaced; rm etc/removed
    rm -r opaque; mkdir opaque; printf 3 >opaque/new
    rm -r swap; printf 'a file now' >swap
    chmod 711 etc/deep; printf 6 >usr/share/doc/first; ln usr/share/doc/first usr/share/doc/second
    """,
    """
    rm swap; mkdir swap; printf 4 >swap/again
    rm etc/one; mv etc/link etc/moved
    mkdir -p var/new/dir; printf 5 >var/new/dir/file
    """,
]

@Suite(.serialized)
struct MountTests {
    @Test func `a mount from an OCI layout shows what overlayfs shows`() throws {
        let overlay = try OverlayImage(layers: everything)
        let installation = try Installation()
        let target = try installation.mount(overlay.image.source, options: "suid,dev")
        let found = try differences(between: target, and: overlay.truth)
        #expect(found.isEmpty, "\(found)")
    }

    @Test(arguments: [TestImage.Compression.gzip, .zstd, .none])
    func `a mount from a registry shows what overlayfs shows`(compression: TestImage.Compression) throws {
        let overlay = try OverlayImage(layers: everything, compression: compression)
        let registry = try TestRegistry()
        let reference = try registry.push(overlay.image, as: "every/thing:v1")
        let installation = try Installation()
        let target = try installation.mount(reference)
        let found = try differences(between: target, and: overlay.truth)
        #expect(found.isEmpty, "\(found)")
        #expect(registry.blobRequests.values.allSatisfy { $0 == 1 })
    }

    @Test func `a bare mount, stat and df fetch no layer, and the first ls fetches each once`() throws {
        let image = try TestImage(scripts: ["mkdir a; seq 9999 >a/b", "mkdir c; seq 8888 >c/d"])
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "lazy")
        let installation = try Installation()
        let target = try installation.mount(reference)
        try output("stat", target)
        try output("df", target)
        try output("findmnt", target)
        try output("ls", "-ld", target)
        let config = registry.blobRequests
        #expect(config.count == 1, "only the config is fetched: \(registry.requests)")
        #expect(try output("ls", target) == "a\nc\n")
        #expect(registry.blobRequests.count == 3)
        #expect(registry.blobRequests.values.allSatisfy { $0 == 1 })
        #expect(registry.manifestRequests == 1)
    }

    @Test func `prefetch fetches the layers although nobody looks inside`() throws {
        let image = try TestImage(scripts: ["seq 9999 >a", "seq 8888 >b"])
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "early")
        let installation = try Installation()
        let target = try installation.mount(reference, options: "prefetch")
        #expect(try eventually(seconds: 20) { try installation.storedLayers.count == 2 })
        #expect(try output("ls", target) == "a\nb\n")
        #expect(registry.blobRequests.values.allSatisfy { $0 == 1 })
    }

    @Test func `twenty mounts at once and their readers fetch each blob once`() throws {
        let image = try TestImage(scripts: (0..<4).map { "seq \($0) 200000 >file\($0)" })
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "shared")
        let installation = try Installation()
        let children = try (0..<20).map { number in
            let target = try installation.makeTarget()
            return try Child(
                ["sh", "-euc", "mount -t fuse.imgfs \(reference) \(target); tail -n 1 \(target)/file\(number % 4)"],
                environment: installation.environment)
        }
        for child in children {
            let outcome = child.wait()
            #expect(outcome.output == "200000\n", "\(outcome.text)")
        }
        #expect(registry.blobRequests.count == 5)
        #expect(registry.blobRequests.values.allSatisfy { $0 == 1 }, "\(registry.blobRequests)")
        #expect(try installation.storedLayers.count == 4)
    }

    @Test func `mounting again on the same target succeeds and stacks nothing`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let again = try installation.imgfs("mount", image.source, target)
        #expect(again.succeeded, "\(again.text)")
        let mounts = readText("/proc/self/mountinfo").split(separator: "\n").filter { $0.contains(" \(target) ") }
        #expect(mounts.count == 1)
        try installation.unmount(target)
        #expect(try output("ls", target) == "")
    }

    @Test func `imgfs mount and imgfs umount work like mount(8) and umount(8)`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        let target = try installation.makeTarget()
        let mount = try installation.imgfs("mount", image.source, target, "-o", "noexec")
        #expect(mount.succeeded, "\(mount.text)")
        #expect(try output("findmnt", "-n", "-o", "OPTIONS", target).contains("noexec"))
        #expect(try output("cat", target + "/one") == "1\n")
        let umount = try installation.imgfs("umount", target)
        #expect(umount.succeeded, "\(umount.text)")
        #expect(try installation.imgfs("umount", target).status != 0)
    }

    @Test func `findmnt shows source, type and options`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let shown = try output("findmnt", "-n", "-r", "-o", "SOURCE,FSTYPE,OPTIONS", target)
        let words = shown.split(whereSeparator: \.isWhitespace)
        #expect(words[0] == image.source)
        #expect(words[1] == "fuse.imgfs")
        let options = words[2].split(separator: ",")
        for option in ["ro", "nosuid", "nodev", "default_permissions", "allow_other"] {
            #expect(options.contains(Substring(option)), "\(option) in \(options)")
        }
    }

    @Test func `suid and dev count when they are asked for through mount(8)`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        let target = try installation.mount(image.source, options: "suid,dev")
        let options = try output("findmnt", "-n", "-o", "OPTIONS", target)
        #expect(!options.contains("nosuid") && !options.contains("nodev"), "\(options)")
    }

    @Test func `every change is refused with EROFS`() throws {
        let image = try TestImage(scripts: ["echo 1 >one; mkdir dir"])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        #expect(open(target + "/one", O_WRONLY) == -1 && errno == EROFS)
        #expect(open(target + "/new", O_WRONLY | O_CREAT, 0o600) == -1 && errno == EROFS)
        #expect(unlink(target + "/one") == -1 && errno == EROFS)
        #expect(mkdir(target + "/new", 0o700) == -1 && errno == EROFS)
        #expect(rmdir(target + "/dir") == -1 && errno == EROFS)
        #expect(rename(target + "/one", target + "/two") == -1 && errno == EROFS)
        #expect(chmod(target + "/one", 0o600) == -1 && errno == EROFS)
        #expect(setxattr(target + "/one", "user.a", "b", 1, 0) == -1 && errno == EROFS)
    }

    @Test func `a tag that was resolved before is mounted without any network`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "offline")
        let installation = try Installation()
        try installation.unmount(installation.mount(reference))
        let requests = registry.requests.count
        let target = try installation.mount(reference)
        #expect(registry.requests.count == requests)
        #expect(try output("cat", target + "/one") == "1\n")
        registry.stop()
        try installation.unmount(target)
        #expect(try output("cat", installation.mount(reference) + "/one") == "1\n")
        let always = try installation.tryMount(reference, on: installation.makeTarget(), options: "pull=always")
        #expect(always.status == 32)
    }

    @Test func `pull=never mounts what is stored and nothing else`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "never")
        let installation = try Installation()
        let refused = try installation.tryMount(reference, on: installation.makeTarget(), options: "pull=never")
        #expect(refused.status == 32)
        #expect(refused.errors.contains(reference))
        #expect(try installation.imgfs("pull", reference).succeeded)
        #expect(try output("cat", installation.mount(reference, options: "pull=never") + "/one") == "1\n")
    }

    @Test func `an intermediate snapshot is mounted by its chainID`() throws {
        let image = try TestImage(scripts: ["echo 1 >one", "echo 2 >two"])
        let installation = try Installation()
        #expect(try installation.imgfs("pull", image.source).succeeded)
        let target = try installation.mount("chain:\(image.layers[0].diffID)")
        #expect(try output("ls", target) == "one\n")
        let unknown = try installation.tryMount(
            "chain:sha256:" + String(repeating: "0", count: 64), on: installation.makeTarget())
        #expect(unknown.status == 32, "\(unknown.text)")
    }

    @Test func `docker archives of both layouts are mounted`() throws {
        let overlay = try OverlayImage(layers: everything)
        let directory = try TestDirectory()
        let archive = directory.path("image.tar")
        try output(
            "skopeo", "copy", "--quiet", "--insecure-policy", "oci:\(overlay.image.path):latest",
            "docker-archive:\(archive):example.com/every/thing:v1")
        let withLayout = directory.path("layout.tar")
        try output("tar", "-C", overlay.image.path, "-cf", withLayout, "index.json", "oci-layout", "blobs")
        let installation = try Installation()
        for source in [
            "docker-archive:\(archive)", "docker-archive:\(archive):example.com/every/thing:v1",
            "docker-archive:\(withLayout)",
        ] {
            let target = try installation.mount(source, options: "suid,dev")
            let found = try differences(between: target, and: overlay.truth)
            #expect(found.isEmpty, "\(source): \(found)")
        }
    }

    @Test func `an image without layers is an empty directory`() throws {
        let image = try TestImage(scripts: [])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        #expect(try output("ls", "-A", target) == "")
    }

    @Test func `the same layer twice and a layer without entries are fine`() throws {
        let directory = try TestDirectory()
        let image = try TestImage()
        for number in 0..<3 {
            let tar = directory.path("\(number).tar")
            try shell("mkdir -p d; echo same >d/file; touch -d @1 d/file d; tar --mtime=@1 -cf \(tar) d; rm -r d")
            try image.add(tar: tar)
        }
        let empty = directory.path("empty.tar")
        try shell("tar -cf \(empty) -T /dev/null")
        try image.add(tar: empty)
        try image.finish()
        let installation = try Installation()
        #expect(try output("cat", installation.mount(image.source) + "/d/file") == "same\n")
    }
}
