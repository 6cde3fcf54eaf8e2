import Glibc
import OCI
import Testing

/// Many mounts and readers at once.
@Suite(.serialized)
struct LoadTests {
    @Test(arguments: [20, 100, 1000])
    func `many concurrent mounts and readers of a cold image cost one fetch and few threads`(count: Int) throws {
        let remote = try RemoteImage(scripts: (0..<3).map { "for i in $(seq 0 99); do echo \($0)-$i >f\($0)-$i; done" })
        let installation = try Installation()
        try installation.startDaemon()
        remote.holdLayers()
        // Each reader asks for a name of its own; the mounts are made by a few processes, one after the other.
        var mounts: [Child] = []
        var targets: [String] = []
        for _ in 0..<count { targets.append(try installation.makeTarget()) }
        for part in 0..<10 {
            let mine = targets.enumerated().filter { $0.offset % 10 == part }.map(\.element)
            let script = mine.map { "mount -t fuse.imgfs \(remote.reference) \($0)" }.joined(separator: "\n")
            mounts.append(try Child(["sh", "-euc", script], environment: installation.environment))
        }
        for mount in mounts {
            let outcome = mount.wait(seconds: 120)
            #expect(outcome.succeeded, "\(outcome.text)")
        }
        let readers = try targets.enumerated().map { number, target in
            try Child(["cat", "\(target)/f\(number % 3)-\(number / 3 % 100)"])
        }
        usleep(500_000)
        let daemon = installation.daemon!.pid
        let status = readText("/proc/\(daemon)/status")
        let threads = field("Threads:", in: status)
        let memory = field("RssAnon:", in: status)
        #expect(threads < 40, "\(threads) threads")
        #expect(memory < 100_000 || isSanitized, "\(memory) kB")
        remote.proxy.release()
        for (number, reader) in readers.enumerated() {
            let outcome = reader.wait(seconds: 60)
            #expect(outcome.output == "\(number % 3)-\(number / 3 % 100)\n", "\(outcome.text)")
        }
        #expect(remote.layerRequests.count == 3)
        #expect(remote.proxy.requests.count { $0.path.contains("/manifests/") } == 1)
        for target in targets { umount2(target, Int32(MNT_DETACH)) }
    }

    @Test func `ten images that share base layers, mounted at once, fetch each layer once`() throws {
        let base = try TestImage(scripts: ["seq 100000 >base1", "seq 200000 >base2"])
        let registry = try TestRegistry()
        var references: [String] = []
        let directory = try TestDirectory()
        for number in 0..<10 {
            let image = try TestImage()
            for layer in base.layers {
                let copy = directory.path("copy")
                try output("cp", base.path(of: layer.digest), copy)
                try image.add(blob: copy, diffID: layer.diffID, mediaType: layer.mediaType)
            }
            let tar = directory.path("own.tar")
            try shell("cd '\(directory.path)'; echo \(number) >own; tar -cf '\(tar)' own")
            try image.add(tar: tar)
            try image.finish()
            references.append(try registry.push(image, as: "image\(number)"))
        }
        let installation = try Installation()
        let children = try references.map { reference in
            let target = try installation.makeTarget()
            return try Child(
                ["sh", "-euc", "mount -t fuse.imgfs \(reference) \(target); cat \(target)/own"],
                environment: installation.environment)
        }
        for (number, child) in children.enumerated() {
            let outcome = child.wait()
            #expect(outcome.output == "\(number)\n", "\(outcome.text)")
        }
        for layer in base.layers {
            let count = registry.blobRequests.filter { $0.key.hasSuffix(layer.digest.description) }.values.reduce(0, +)
            #expect(count == 1, "\(layer.digest)")
        }
    }

    private func field(_ name: String, in status: String) -> Int {
        status.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }.flatMap { Int($0) } ?? 0
    }
}
