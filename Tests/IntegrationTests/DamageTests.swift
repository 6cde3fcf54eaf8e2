import Glibc
import OCI
import Testing

/// A store that is damaged at rest and under a running daemon: it is noticed, said with the object's name, and mended by
/// fetching again; nothing wrong is shown and nobody crashes.
@Suite(.serialized)
struct DamageTests {
    private let installation: Installation
    private let image: TestImage

    init() throws {
        installation = try Installation()
        image = try TestImage(scripts: [
            "mkdir d; echo lower >d/file; seq 50000 >numbers", "mkdir d; echo upper >d/upper",
        ])
        try installation.startDaemon()
    }

    private func files(_ part: String, _ name: String) throws -> [String] {
        try installation.stored(part).map { "\(installation.root)/\(part)/\($0)/\(name)" }
    }

    private func flip(_ path: String, at place: Int) throws {
        var bytes = readBytes(path)
        try #require(bytes.count > place)
        bytes[place] ^= 0x10
        // In place: a mapping would see it.
        let descriptor = open(path, O_WRONLY)
        try #require(descriptor >= 0 && pwrite(descriptor, [bytes[place]], 1, off_t(place)) == 1)
        close(descriptor)
    }

    private func expectWhole(_ target: String) throws {
        #expect(try output("cat", target + "/d/file", target + "/d/upper") == "lower\nupper\n")
        #expect(try output("sh", "-c", "seq 50000 | cmp - '\(target)/numbers'") == "")
        #expect(try output("ls", target) == "d\nnumbers\n")
    }

    @Test func `files that are cut off or changed under the daemon change nothing that is mounted`() throws {
        let target = try installation.mount(image.source)
        #expect(try output("cat", target + "/d/file") == "lower\n")
        for path in try files("trees/sha256", "tree") + files("layers/sha256", "index") {
            try flip(path, at: 130)
            #expect(truncate(path, 0) == 0)
        }
        try shell("echo 2 >/proc/sys/vm/drop_caches")
        try expectWhole(target)
        #expect(installation.daemon?.isRunning == true)
        // The next mount finds the damage and mends it.
        try installation.unmount(target)
        try expectWhole(try installation.mount(image.source))
        #expect(try installation.imgfs("verify").succeeded)
        installation.stopDaemon()
    }

    @Test(arguments: [100, 140, 200])
    func `indexes and trees that were damaged at rest are made again`(_ place: Int) throws {
        #expect(try installation.imgfs("pull", image.source).succeeded)
        installation.stopDaemon()
        for path in try files("trees/sha256", "tree") + files("layers/sha256", "index") { try flip(path, at: place) }
        try installation.startDaemon()
        try expectWhole(try installation.mount(image.source))
        #expect(installation.daemonLog.contains("damaged layer"), "\(installation.daemonLog)")
        for layer in image.layers { #expect(installation.daemonLog.contains(layer.diffID.description)) }
        #expect(try installation.imgfs("verify").succeeded)
        installation.stopDaemon()
    }

    @Test func `after verify found a mounted layer damaged, the next mount is whole while the first goes on`() throws {
        let first = try installation.mount(image.source)
        #expect(try output("cat", first + "/d/upper") == "upper\n")
        let numbers = try #require(try files("layers/sha256", "data").max { readBytes($0).count < readBytes($1).count })
        try flip(numbers, at: 100_000)
        let verify = try installation.imgfs("verify")
        #expect(verify.status == 6, "\(verify.text)")
        #expect(installation.daemonLog.contains("unmount it and mount it again"), "\(installation.daemonLog)")
        let second = try installation.mount(image.source)
        try expectWhole(second)
        #expect(try output("cat", first + "/d/upper") == "upper\n")
        try installation.unmount(first)
        try expectWhole(second)
        #expect(try installation.imgfs("verify").succeeded)
        installation.stopDaemon()
    }
}
