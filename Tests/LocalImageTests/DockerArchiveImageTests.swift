import Content
import FoundationEssentials
import OCI
import SystemPackage
import Testing

@testable import LocalImage

struct DockerArchiveImageTests {
    let scratch: ScratchDirectory
    let first: SampleImage
    let second: SampleImage

    init() throws {
        scratch = ScratchDirectory()
        first = try SampleImage(["a", "b", "a"])
        second = try SampleImage(["c"])
    }

    func open(_ writer: ArchiveWriter, _ reference: String? = nil) throws -> DockerArchiveImage {
        try DockerArchiveImage(path: try scratch.write("image.tar", writer.bytes), reference: reference)
    }

    struct Entry: Encodable {
        var config: String
        var tags: [String]?
        var layers: [String]

        enum CodingKeys: String, CodingKey {
            case config = "Config"
            case tags = "RepoTags"
            case layers = "Layers"
        }
    }

    /// As Docker wrote archives before version 25: a directory per layer, a repeated layer as a link.
    func oldArchive(tags: [[String]?], repeated: (inout ArchiveWriter, String, String) -> Void) throws -> ArchiveWriter
    {
        var writer = ArchiveWriter()
        var entries: [Entry] = []
        for (image, tags) in zip([first, second], tags) {
            let config = SHA256.digest(of: image.config).hex + ".json"
            var paths: [String: String] = [:]
            var layers: [String] = []
            for (position, layer) in image.layers.enumerated() {
                let directory = SHA256.digest(of: layer + [UInt8(position)]).hex
                writer.directory(directory + "/")
                writer.file(directory + "/VERSION", "1.0")
                let path = directory + "/layer.tar"
                if let earlier = paths[SHA256.digest(of: layer).hex] {
                    repeated(&writer, path, earlier)
                } else {
                    writer.file(path, layer)
                }
                paths[SHA256.digest(of: layer).hex] = path
                layers.append(path)
            }
            writer.file(config, image.config)
            entries.append(Entry(config: config, tags: tags, layers: layers))
        }
        writer.file("manifest.json", try SampleImage.encode(entries))
        writer.file("repositories", "{}")
        writer.end()
        return writer
    }

    @Test func `an archive of docker save before version 25, with symbolic links`() throws {
        let writer = try oldArchive(tags: [["redis:7"]]) { $0.symbolicLink($1, "../" + $2) }
        #expect(try first.matches(open(writer)))
        #expect(try first.matches(open(writer, "redis:7")))
        #expect(try first.matches(open(writer, "docker.io/library/redis:7")))
        try expectFailure(.notFound, "has no image redis:latest; there is 'redis:7'") { try open(writer, "redis") }
    }

    @Test func `an archive of docker save before version 25, with hard links`() throws {
        #expect(try first.matches(open(oldArchive(tags: [nil]) { $0.hardLink($1, $2) })))
    }

    @Test func `the made-up manifest is the same each time`() throws {
        let writer = try oldArchive(tags: [nil]) { $0.hardLink($1, $2) }
        #expect(try open(writer).root() == open(writer).root())
        let image = try resolve(open(writer), platform: nil).image
        #expect(image.layers.allSatisfy { $0.descriptor.digest == $0.diffID })
    }

    @Test func `one of several images is picked by its tag`() throws {
        let writer = try oldArchive(tags: [["a:1", "host.example/a:1"], ["b:2"]]) { $0.symbolicLink($1, "../" + $2) }
        #expect(try first.matches(open(writer, "a:1")))
        #expect(try first.matches(open(writer, "host.example/a:1")))
        #expect(try second.matches(open(writer, "b:2")))
        try expectFailure(.usage, "has 2 images") { try open(writer) }
        try expectFailure(.usage, "there is 'a:1', 'host.example/a:1', 'b:2'") { try open(writer) }
        try expectFailure(.usage, "is not an image reference") { try open(writer, "B:2") }
    }

    @Test func `a compressed layer is hashed`() throws {
        // Only the magic number counts here.
        let layer: [UInt8] = [0x1f, 0x8b, 8, 0, 1, 2, 3]
        var writer = ArchiveWriter()
        writer.file(
            "c.json",
            try SampleImage.encode(
                ImageConfig(platform: .host, diffIDs: [SHA256.digest(of: [9])])))
        writer.file("l.tar", layer)
        writer.file("manifest.json", try SampleImage.encode([Entry(config: "c.json", layers: ["l.tar"])]))
        let source = try open(writer)
        let image = try resolve(source, platform: nil).image
        #expect(image.layers[0].descriptor.digest == SHA256.digest(of: layer))
        #expect(image.layers[0].descriptor.mediaType == MediaType.dockerLayerGzip)
        #expect(image.layers[0].diffID == SHA256.digest(of: [9]))
    }

    func newArchive(_ index: [Descriptor], withManifest entries: [Entry]? = nil) throws -> ArchiveWriter {
        var writer = ArchiveWriter()
        writer.directory("blobs/")
        for (path, bytes) in try SampleImage.layout([first, second], index: index) { writer.file(path, bytes) }
        if let entries { writer.file("manifest.json", try SampleImage.encode(entries)) }
        writer.end()
        return writer
    }

    @Test func `an archive with an OCI layout keeps the image's own manifest`() throws {
        let writer = try newArchive([first.descriptor(name: "7", containerdName: "docker.io/library/redis:7")])
        #expect(try first.matches(open(writer)))
        #expect(try open(writer, "redis:7").root().bytes == first.manifest)
        try expectFailure(.notFound, "has no image redis:8; there is '7'") { try open(writer, "redis:8") }
    }

    @Test func `several images in an archive with an OCI layout`() throws {
        let writer = try newArchive([
            first.descriptor(name: "7", containerdName: "docker.io/library/redis:7"),
            second.descriptor(name: "7", containerdName: "host.example/b:7"),
        ])
        #expect(try first.matches(open(writer, "redis:7")))
        #expect(try second.matches(open(writer, "host.example/b:7")))
        try expectFailure(.usage, "write docker-archive:") { try open(writer) }
    }

    @Test func `manifest.json names images that the layout's index does not`() throws {
        func path(_ bytes: [UInt8]) -> String { "blobs/sha256/" + SHA256.digest(of: bytes).hex }
        let writer = try newArchive(
            [first.descriptor(), second.descriptor()],
            withManifest: [first, second].map {
                Entry(
                    config: path($0.config), tags: [$0.layers.count == 1 ? "b:1" : "a:1"],
                    layers: $0.layers.map(path))
            })
        #expect(try first.matches(open(writer, "a:1")))
        #expect(try second.matches(open(writer, "b:1")))
    }

    @Test func `manifest.json stands in for an index that the archive only mentions`() throws {
        func path(_ bytes: [UInt8]) -> String { "blobs/sha256/" + SHA256.digest(of: bytes).hex }
        let absent = SampleImage.descriptor([1, 2, 3], MediaType.index)
        let entry = Entry(config: path(first.config), tags: ["a:1"], layers: first.layers.map(path))
        #expect(try first.matches(open(newArchive([absent], withManifest: [entry]))))
        try expectFailure(.notFound, "the archive has no blob") { try open(newArchive([absent])) }
    }

    @Test func `what is no archive of images is refused`() throws {
        var empty = ArchiveWriter()
        empty.file("x", "y")
        try expectFailure(.invalid, "neither manifest.json nor an OCI layout") { try open(empty) }
        empty.file("manifest.json", "{}")
        try expectFailure(.invalid, "manifest.json in") { try open(empty) }
        empty.file("manifest.json", "[]")
        try expectFailure(.notFound, "has no images") { try open(empty) }
        empty.file("manifest.json", #"[{"Config":"../../etc/passwd","Layers":[]}]"#)
        try expectFailure(.invalid, "has no file '../../etc/passwd'") { try open(empty) }
        empty.symbolicLink("loop", "loop")
        empty.file("manifest.json", #"[{"Config":"loop","Layers":[]}]"#)
        try expectFailure(.invalid, "has no file 'loop'") { try open(empty) }
        empty.symbolicLink("out", "/etc/passwd")
        empty.file("manifest.json", #"[{"Config":"out","Layers":[]}]"#)
        try expectFailure(.invalid, "has no file 'out'") { try open(empty) }

        let gzip = try scratch.write("image.tar.gz", [0x1f, 0x8b, 8, 0])
        try expectFailure(.unsupported, "compressed with gzip") { try DockerArchiveImage(path: gzip, reference: nil) }
        let text = try scratch.write("text", [UInt8](repeating: 65, count: 2000))
        try expectFailure(.invalid, "cannot be read as an archive") {
            try DockerArchiveImage(path: text, reference: nil)
        }
        try expectFailure(.invalid, "not a regular file") { try DockerArchiveImage(path: scratch.path, reference: nil) }
        try expectFailure(.notFound, "does not exist") {
            try DockerArchiveImage(path: scratch.path.appending("no"), reference: nil)
        }
    }

    @Test func `a layer without a diffID is refused`() throws {
        var writer = ArchiveWriter()
        writer.file("c.json", first.config)
        writer.file("manifest.json", try SampleImage.encode([Entry(config: "c.json", layers: [])]))
        try expectFailure(.invalid, "has 0 layers, the config") { try open(writer) }
    }

    @Test func `a truncated archive is refused`() throws {
        let writer = try oldArchive(tags: [nil]) { $0.hardLink($1, $2) }
        let path = try scratch.write("image.tar", Array(writer.bytes.prefix(2500)))
        try expectFailure(.invalid, "cannot be read as an archive") {
            try DockerArchiveImage(path: path, reference: nil)
        }
    }

    @Test func `large members are skipped and found at their place`() throws {
        var writer = ArchiveWriter()
        writer.file("pad", (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0) })
        writer.file("c.json", second.config)
        writer.file("l.tar", second.layers[0])
        writer.file("pad2", [UInt8](repeating: 1, count: 200_000))
        writer.file("manifest.json", try SampleImage.encode([Entry(config: "c.json", layers: ["l.tar"])]))
        #expect(try second.matches(open(writer)))
    }
}
