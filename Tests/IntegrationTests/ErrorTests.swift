import Content
import Glibc
import OCI
import Testing

/// Wrong inputs: each fails with one clear line, and leaves nothing half made in the store.
@Suite(.serialized)
struct ErrorTests {
    private let installation: Installation
    private let target: String

    init() throws {
        installation = try Installation()
        target = try installation.makeTarget()
    }

    /// Mounts, expects failure with status 32, one line that holds all of `words`, and no mount.
    private func expectRefusal(
        _ source: String, options: String = "", says words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = try installation.tryMount(source, on: target, options: options)
        #expect(outcome.status == 32, "\(outcome.text)", sourceLocation: sourceLocation)
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 1, "\(outcome.text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(outcome.errors.contains(word), "\(outcome.errors)", sourceLocation: sourceLocation)
        }
        #expect(try output("sh", "-c", "findmnt \(target) || true") == "", sourceLocation: sourceLocation)
        #expect(try installation.stored("layers/sha256").isEmpty, sourceLocation: sourceLocation)
        #expect(try installation.stored("staging").isEmpty, sourceLocation: sourceLocation)
    }

    /// Mounts and reads; expects EIO for the reader, a line in the log, and nothing visible in the store.
    private func expectReadFailure(
        _ source: String, logged words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try installation.startDaemon()
        let outcome = try installation.tryMount(source, on: target)
        #expect(outcome.succeeded, "\(outcome.text)", sourceLocation: sourceLocation)
        let list = try run("ls", target)
        #expect(list.status != 0, sourceLocation: sourceLocation)
        #expect(list.errors.contains("Input/output error"), "\(list.text)", sourceLocation: sourceLocation)
        for word in words {
            #expect(installation.daemonLog.contains(word), "\(installation.daemonLog)", sourceLocation: sourceLocation)
        }
        #expect(try installation.stored("layers/sha256").isEmpty, sourceLocation: sourceLocation)
        #expect(try installation.stored("trees/sha256").isEmpty, sourceLocation: sourceLocation)
        #expect(try installation.stored("staging").isEmpty, sourceLocation: sourceLocation)
    }

    @Test func `unknown host`() throws {
        try expectRefusal("registry.invalid/some/image:v1", says: "registry.invalid")
    }

    @Test func `refused connection`() throws {
        let port = try freePort()
        try expectRefusal("127.0.0.1:\(port)/some/image:v1", says: "127.0.0.1:\(port)", "refused")
    }

    @Test func `unknown repository, unknown tag, unknown digest`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let registry = try TestRegistry()
        let reference = try registry.push(image, as: "known:v1")
        try expectRefusal("\(registry.host)/unknown:v1", says: "\(registry.host)/unknown:v1", "not found")
        try expectRefusal("\(registry.host)/known:v2", says: "\(registry.host)/known:v2", "not found")
        let digest = "sha256:" + String(repeating: "1", count: 64)
        try expectRefusal("\(registry.host)/known@\(digest)", says: digest, "not found")
        #expect(try installation.tryMount(reference, on: target).succeeded)
    }

    @Test func `unknown platform`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let index = readText(image.path + "/index.json")
        try write(
            index.split(separator: "\"annotations\"").joined(
                separator: #""platform":{"os":"linux","architecture":"s390x"},"annotations""#),
            to: image.path + "/index.json")
        let directory = try TestDirectory()
        let layout = try TestImage()
        try output("cp", "-r", image.path + "/blobs", layout.path)
        let manifest = directory.path("index")
        try output("cp", image.path + "/index.json", manifest)
        let digest = try digest(ofFile: manifest)
        let size = try output("stat", "-c", "%s", manifest).split(separator: "\n")[0]
        try output("mv", manifest, layout.path(of: digest))
        try write(
            """
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json",\
            "digest":"\(digest)","size":\(size),"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}
            """, to: layout.path + "/index.json")
        try expectRefusal(layout.source, says: "linux/s390x")
        #expect(try installation.tryMount(layout.source, on: target, options: "platform=linux/s390x").succeeded)
    }

    @Test func `a name that is no reference`() throws {
        let outcome = try installation.tryMount("UPPER/case image", on: target)
        #expect(outcome.status == 1 || outcome.status == 32, "\(outcome.text)")
        #expect(outcome.errors.contains("UPPER/case image"))
    }

    @Test func `a layout that is not there`() throws {
        try expectRefusal("oci:/nowhere/at/all", says: "/nowhere/at/all")
        try expectRefusal("docker-archive:/nowhere.tar", says: "/nowhere.tar")
    }

    @Test func `a manifest over the limit`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let directory = try TestDirectory()
        let manifest = directory.path("manifest")
        try write(Array(repeating: UInt8(ascii: " "), count: 5 << 20), to: manifest)
        let digest = try digest(ofFile: manifest)
        try output("mv", manifest, image.path(of: digest))
        try write(
            """
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",\
            "digest":"\(digest)","size":\(5 << 20)}]}
            """, to: image.path + "/index.json")
        try expectRefusal(image.source, says: "4194304 are allowed")
    }

    @Test func `layers and diffIDs that do not agree in number`() throws {
        let image = try TestImage(scripts: ["echo 1 >one", "echo 2 >two"])
        try image.finish(diffIDs: [image.layers[0].diffID])
        try expectRefusal(image.source, says: "2 layers", "1 diffID")
    }

    @Test func `a wrong diffID`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        try image.finish(diffIDs: [SHA256.digest(of: [1])])
        try expectReadFailure(image.source, logged: "diffID")
    }

    @Test func `a flipped bit`() throws {
        let image = try TestImage(scripts: ["head -c 300000 /dev/urandom >one"])
        let path = image.path(of: image.layers[0].digest)
        var bytes = readBytes(path)
        bytes[bytes.count / 2] ^= 4
        try write(bytes, to: path)
        try expectReadFailure(image.source, logged: image.layers[0].digest.description)
    }

    @Test func `a truncated blob`() throws {
        let image = try TestImage(scripts: ["head -c 300000 /dev/urandom >one"])
        let path = image.path(of: image.layers[0].digest)
        try write(Array(readBytes(path).dropLast(1000)), to: path)
        try expectReadFailure(image.source, logged: image.layers[0].digest.description)
    }

    @Test func `a blob that is no tar`() throws {
        let image = try TestImage()
        let directory = try TestDirectory()
        let blob = directory.path("blob")
        try shell("head -c 20000 /dev/urandom >\(blob)")
        let digest = try digest(ofFile: blob)
        try image.add(blob: blob, diffID: digest, mediaType: "application/vnd.oci.image.layer.v1.tar")
        try image.finish()
        try expectReadFailure(image.source, logged: "tar")
    }

    @Test func `targets that are missing or no directories`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let missing = try installation.imgfs("mount", image.source, "/nowhere/at/all")
        #expect(missing.status == 32)
        #expect(missing.errors.contains("/nowhere/at/all"), "\(missing.text)")
        let file = installation.directory.path("file")
        try write("", to: file)
        let noDirectory = try installation.imgfs("mount", image.source, file)
        #expect(noDirectory.status == 32)
        #expect(noDirectory.errors.contains("not a directory"), "\(noDirectory.text)")
    }

    @Test func `no /dev/fuse`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let empty = try installation.directory.makeDirectory("dev")
        let outcome = try Child(
            [
                "unshare", "--mount", "sh", "-c",
                "mount -t tmpfs t /dev && mknod /dev/null c 1 3 && exec \(Installation.binary) mount \(image.source) \(empty)",
            ], environment: installation.environment
        ).wait()
        #expect(outcome.status == 32, "\(outcome.text)")
        #expect(outcome.errors.contains("/dev/fuse"), "\(outcome.text)")
    }

    @Test func `no privilege`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let outcome = try Child(
            [
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Installation.binary, "mount",
                image.source, target,
            ],
            environment: installation.environment
        ).wait()
        #expect(outcome.status == 1, "\(outcome.text)")
        #expect(outcome.errors.contains("root"), "\(outcome.text)")
    }

    @Test func `an unknown option is named`() throws {
        let image = try TestImage(scripts: ["echo 1 >one"])
        let outcome = try installation.tryMount(image.source, on: target, options: "colour=blue")
        #expect(outcome.status == 1, "\(outcome.text)")
        #expect(outcome.errors.contains("colour"))
    }
}
