import Content
import OCI
import SystemPackage
import Testing

@testable import LocalImage

struct LayoutImageTests {
    let scratch: ScratchDirectory
    let first: SampleImage
    let second: SampleImage

    init() throws {
        scratch = ScratchDirectory()
        first = try SampleImage(["a", "b", "a"])
        second = try SampleImage(["c"], platform: "linux/arm64")
    }

    func write(_ index: [Descriptor]) throws {
        for (name, bytes) in try SampleImage.layout([first, second], index: index) { try scratch.write(name, bytes) }
    }

    func open(_ tag: String? = nil) throws(LocalImageError) -> LayoutImage {
        try LayoutImage(path: scratch.path, tag: tag)
    }

    @Test func `the only image needs no tag`() throws {
        try write([first.descriptor(name: "latest")])
        #expect(try first.matches(open()))
        #expect(try first.matches(open("latest")))
        #expect(try open("latest").name == "oci:\(scratch.path):latest")
    }

    @Test func `an image without a tag is found without one`() throws {
        try write([second.descriptor()])
        #expect(try second.matches(open()))
    }

    @Test func `tags pick one of several images`() throws {
        try write([first.descriptor(name: "1"), second.descriptor(name: "2"), second.descriptor(name: "latest")])
        #expect(try first.matches(open("1")))
        #expect(try second.matches(open("2")))
        #expect(try second.matches(open("latest")))
        try expectFailure(.usage, "has several images; write oci:") { try open() }
        try expectFailure(.usage, "there is '1', '2', 'latest'") { try open() }
        try expectFailure(.notFound, "no image with the tag '3'; there is '1', '2', 'latest'") { try open("3") }
    }

    @Test func `one image under several tags is one image`() throws {
        try write([first.descriptor(name: "1"), first.descriptor(name: "2")])
        #expect(try first.matches(open()))
    }

    @Test func `manifests for several platforms without tags are one image`() throws {
        try write([
            first.descriptor(platform: Platform(parsing: "linux/amd64")),
            second.descriptor(platform: Platform(parsing: "linux/arm64")),
        ])
        let image = try resolve(open(), platform: Platform(parsing: "linux/arm64")).image
        #expect(image.configDigest == SHA256.digest(of: second.config))
    }

    @Test func `an empty layout has no images`() throws {
        try write([])
        try expectFailure(.notFound, "has no images") { try open() }
        try expectFailure(.notFound, "its images have no tags") { try open("1") }
    }

    @Test func `what is no layout is refused`() throws {
        try expectFailure(.invalid, "is not an OCI layout: it has no file oci-layout") { try open() }
        try expectFailure(.notFound, "/nowhere does not exist") {
            try LayoutImage(path: scratch.path.appending("nowhere"), tag: nil)
        }
        let file = try scratch.write("file", [])
        try expectFailure(.invalid, "file is not a directory") { try LayoutImage(path: file, tag: nil) }

        try write([first.descriptor()])
        for (text, reason) in [
            ("{}", "imageLayoutVersion"), ("", "JSON"), (#"{"imageLayoutVersion":"2.0.0"}"#, "'2.0.0'"),
        ] {
            try scratch.write("oci-layout", Array(text.utf8))
            try expectFailure(.unsupported, reason) { try open() }
        }
        try scratch.write("oci-layout", [UInt8](repeating: 32, count: 5000))
        try expectFailure(.tooLarge, "4096 are allowed") { try open() }
    }

    @Test func `an index that is none is refused`() throws {
        try write([first.descriptor()])
        try scratch.write("index.json", first.manifest)
        try expectFailure(.invalid, "index.json is a manifest") { try open() }
        try scratch.write("index.json", Array("{".utf8))
        try expectFailure(.invalid, "not JSON") { try open() }
    }

    @Test func `a damaged manifest is refused`() throws {
        try write([first.descriptor()])
        var damaged = first.manifest
        damaged[10] ^= 1
        try scratch.write("blobs/sha256/" + SHA256.digest(of: first.manifest).hex, damaged)
        try expectFailure(.invalid, "has other content") { try open() }
        try scratch.write("blobs/sha256/" + SHA256.digest(of: first.manifest).hex, damaged + [0])
        try expectFailure(.invalid, "bytes instead of") { try open() }
    }

    @Test func `a missing blob is an error when it is read`() throws {
        try write([first.descriptor()])
        let image = try open()
        let missing = Descriptor(mediaType: "", digest: SHA256.digest(of: [1]), size: 1)
        try expectFailure(.notFound, "does not exist") { try image.stream(missing, from: 0) { _ in } }
        let wrongSize = Descriptor(mediaType: "", digest: SHA256.digest(of: first.config), size: 1)
        try expectFailure(.invalid, "instead of 1") { try image.stream(wrongSize, from: 0) { _ in } }
        try expectFailure(.invalid, "instead of 1") { _ = try image.config(wrongSize) }
    }

    @Test func `symbolic links in a layout lead nowhere`() throws {
        let outside = ScratchDirectory()
        try outside.write("secret", Array("secret".utf8))
        try write([first.descriptor()])
        let digest = SHA256.digest(of: Array("secret".utf8))
        try scratch.link("blobs/sha256/" + digest.hex, to: outside.path.appending("secret").string)
        let descriptor = Descriptor(mediaType: "", digest: digest, size: 6)
        let image = try open()
        try expectFailure(.invalid, "is a symbolic link") { try image.stream(descriptor, from: 0) { _ in } }
    }

    @Test func `an error of the sink ends the stream and comes through unchanged`() throws {
        struct Stop: Error {}
        try write([first.descriptor()])
        let image = try open()
        let layer = SampleImage.descriptor(first.layers[0], "")
        #expect(throws: Stop.self) { try image.stream(layer, from: 0) { _ in throw Stop() } }
    }
}

/// `body` throws a `LocalImageError` of this kind, with `reason` in its text.
func expectFailure<Result>(
    _ kind: FailureKind, _ reason: String, location: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) throws {
    let error = #expect(throws: LocalImageError.self, sourceLocation: location) { _ = try body() }
    #expect(error?.kind == kind, sourceLocation: location)
    let description = error?.description ?? ""
    #expect(description.contains(reason), "\(description)", sourceLocation: location)
}
