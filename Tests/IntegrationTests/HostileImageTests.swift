import Glibc
import OCI
import Testing

/// Images that are meant to do harm: the daemon refuses them with a clear error, or serves what they say, within bounded
/// memory and processor time, and goes on serving others.
@Suite(.serialized)
struct HostileImageTests {
    /// What the daemon may have in memory at most, pages of files not counted, and use of processor time. Builds for debugging
    /// take ten times as long as others; what is quadratic takes thousands of times as long.
    private static let maximumMemoryKibibytes = 200_000
    private static let maximumSeconds = isSanitized ? 600.0 : 120.0

    struct Refusal: CustomTestStringConvertible, Sendable {
        var blob: String
        var says: [String]
        var zstd = false
        var options: [String] = []
        var testDescription: String { blob + options.joined(separator: " ") }
    }

    static let refusals = [
        Refusal(blob: "zeros", says: ["more than 200 times", "limit expansion"]),
        Refusal(blob: "zstd-window", says: ["zstd window", "limit zstd-window"], zstd: true),
        Refusal(blob: "zstd-bomb", says: ["more than 200 times", "limit expansion"], zstd: true),
        Refusal(
            blob: "one-path", says: ["33554432 bytes of index", "limit layer-index-size"],
            options: ["--limit", "layer-index-size=32M"]),
        Refusal(blob: "one-path", says: ["1000 members", "limit entries"], options: ["--limit", "entries=1000"]),
        Refusal(blob: "big-header", says: ["extended header", "limit extended-header-size"]),
        Refusal(blob: "global-xattrs", says: ["extended attributes", "limit xattrs-size"]),
        Refusal(blob: "sparse-billion", says: ["1000000 extents", "limit sparse-extents"]),
        Refusal(blob: "sparse-overlap", says: ["malformed sparse file map"]),
        Refusal(
            blob: "deep", says: ["steps along paths", "limit path-steps"], options: ["--limit", "path-steps=100K"]),
        Refusal(
            blob: "many-paths", says: ["names", "limit image-names"], options: ["--limit", "image-names=10000"]),
        Refusal(
            blob: "many-paths", says: ["bytes of tree", "limit tree-size"], options: ["--limit", "tree-size=1M"]),
    ]

    @Test(arguments: refusals)
    func `a hostile layer is refused with the limit, the object and the option`(_ test: Refusal) throws {
        let daemon = try Daemon(test.options)
        let image = try HostileImage.make(test.blob, zstd: test.zstd)
        let pull = try daemon.installation.imgfs("pull", "--quiet", image.source, seconds: Self.maximumSeconds)
        #expect(pull.status == 6, "\(pull.text)")
        #expect(pull.errors.split(separator: "\n").count == 1, "\(pull.errors)")
        for word in test.says { #expect(pull.errors.contains(word), "\(pull.errors)") }
        if pull.errors.contains("limit ") {
            #expect(pull.errors.contains("imgfs daemon --limit NAME=VALUE"), "\(pull.errors)")
        }
        try daemon.check(leaves: test.blob == "deep" || test.blob == "many-paths" ? 1 : 0)
    }

    /// What each of these says is odd, and no more.
    @Test(arguments: ["members", "many-paths", "deep", "records", "xattrs", "symlinks", "hard-links", "sparse-huge"])
    func `a layer that is only odd is served`(_ blob: String) throws {
        let daemon = try Daemon()
        let image = try HostileImage.make(blob)
        let target = try daemon.installation.mount(image.source)
        let list = try run("ls", target, seconds: Self.maximumSeconds)
        #expect(list.succeeded, "\(list.text) \(daemon.installation.daemonLog)")
        switch blob {
        case "members": #expect(list.output == "")
        case "hard-links": #expect(try output("stat", "-c", "%h", target + "/f") == "30001\n")
        case "symlinks": #expect(try output("ls", target + "/target").split(separator: "\n").count == 10_000)
        case "sparse-huge":
            #expect(try output("stat", "-c", "%s", target + "/s") == "9223372036854775807\n")
            #expect(try output("tail", "-c", "5", target + "/s") == "hello")
        default: break
        }
        try daemon.check(leaves: 1)
    }

    @Test func `documents over their limits are refused before they are fetched`() throws {
        let daemon = try Daemon(["--limit", "layers=3", "--limit", "config-size=1K"])
        let many = try TestImage()
        for number in 0..<4 {
            let tar = many.directory.path("\(number).tar")
            try output("tar", "-cf", tar, "-T", "/dev/null")
            try many.add(tar: tar)
        }
        try many.finish()
        let large = try TestImage(
            scripts: ["echo 1 >one"], config: "{\"Cmd\":[\"" + String(repeating: "x", count: 2000) + "\"]}")
        for (image, word) in [(many, "limit layers"), (large, "limit config-size")] {
            let outcome = try daemon.installation.tryMount(image.source, on: daemon.installation.makeTarget())
            #expect(outcome.status == 32 && outcome.errors.contains(word), "\(outcome.text)")
        }
        daemon.installation.stopDaemon()
    }

    @Test func `a limit that cannot be is refused by name`() throws {
        let installation = try Installation()
        for (setting, word) in [("entries", "NAME=VALUE"), ("no-such=1", "manifest-size"), ("layers=1T", "from 1 to")] {
            let outcome = try installation.imgfs("daemon", "--limit", setting)
            #expect(outcome.status == 1 && outcome.errors.contains(word), "\(outcome.text)")
        }
    }

    /// A daemon that serves a good image all the time.
    private struct Daemon {
        let installation: Installation
        let good: TestImage
        let target: String

        init(_ options: [String] = []) throws {
            installation = try Installation()
            try installation.startDaemon(options)
            good = try TestImage(scripts: ["echo good >file"])
            target = try installation.mount(good.source)
            #expect(try output("cat", target + "/file") == "good\n")
        }

        /// The good image is there, `count` other layers are, nothing half made is, and it did not cost too much.
        func check(leaves count: Int) throws {
            #expect(try output("cat", target + "/file") == "good\n")
            #expect(try installation.storedLayers.count == 1 + count)
            // Taking a large file away takes its time.
            #expect(try eventually { try installation.stored("staging").isEmpty })
            let names = try installation.stored("blobs/sha256")
            #expect(!names.contains { $0.hasSuffix(".partial") })
            let process = try #require(installation.daemon)
            let memory = try process.anonymousMemoryKibibytes
            #expect(memory < maximumMemoryKibibytes || isSanitized, "\(memory) KiB at most")
            #expect(try process.processorSeconds < maximumSeconds)
            installation.stopDaemon()
        }
    }
}

extension Child {
    /// The most that the process had in memory at any time, less the files that it has mapped now: programs and libraries.
    fileprivate var anonymousMemoryKibibytes: Int {
        get throws {
            var values: [Substring: Int] = [:]
            for line in readText("/proc/\(pid)/status").split(separator: "\n") {
                let words = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
                if words.count == 3, let value = Int(words[1]) { values[words[0]] = value }
            }
            guard let peak = values["VmHWM"], let files = values["RssFile"] else {
                throw TestFailure("no status of the daemon")
            }
            return peak - files
        }
    }

    fileprivate var processorSeconds: Double {
        get throws {
            // proc(5): behind the name in brackets, utime and stime are the 12th and 13th words.
            let words = readText("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            guard words.count > 12, let user = Double(words[11]), let system = Double(words[12]) else {
                throw TestFailure("no processor time of the daemon")
            }
            return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }
}
