import Testing

@testable import Content
@testable import OCI

struct ResolveTests {
    static let amd64 = Platform(os: "linux", architecture: "amd64")

    struct Built {
        let config: [UInt8]
        let manifest: [UInt8]

        init(_ layers: [String], platform: String = "linux/amd64") throws {
            config = try Sample.config(layers, platform: platform)
            manifest = try Sample.manifest(config: config, layers: layers.map { Sample.layer($0) })
        }

        func descriptor(_ platform: String?) -> Descriptor {
            Sample.descriptor(of: manifest, MediaType.manifest, platform: platform)
        }
    }

    @Test func `a manifest resolves to its layers, with diffIDs and chainIDs`() throws {
        let built = try Built(["a", "b", "c"])
        let source = MemoryImage(root: built.manifest, contents: [built.config])
        let (image, documents) = try resolve(source, platform: Self.amd64)
        #expect(image.name == source.name)
        #expect(image.rootDigest == SHA256.digest(of: built.manifest))
        #expect(image.manifestDigest == image.rootDigest)
        #expect(image.configDigest == SHA256.digest(of: built.config))
        #expect(image.platform == Self.amd64)
        #expect(image.layers.map(\.descriptor) == ["a", "b", "c"].map { Sample.layer($0) })
        let diffIDs = ["a", "b", "c"].map { Sample.digest("diff " + $0) }
        #expect(image.layers.map(\.diffID) == diffIDs)
        #expect(image.chainIDs == ChainID.chain(of: diffIDs))
        #expect(image.chainID == image.chainIDs[2])
        #expect(documents.map(\.bytes) == [built.manifest, built.config])
    }

    @Test func `an index leads to the manifest for the platform`() throws {
        let amd64 = try Built(["a"])
        let arm64 = try Built(["b"], platform: "linux/arm64")
        let attestation = Sample.descriptor(of: [1], MediaType.manifest, platform: "unknown/unknown")
        let index = try Sample.index([
            attestation, amd64.descriptor("linux/amd64"), arm64.descriptor("linux/arm64/v8"),
        ])
        let source = MemoryImage(root: index, contents: [arm64.manifest, arm64.config])
        let (image, documents) = try resolve(source, platform: Platform(parsing: "arm64"))
        #expect(image.rootDigest == SHA256.digest(of: index))
        #expect(image.manifestDigest == SHA256.digest(of: arm64.manifest))
        #expect(image.platform.description == "linux/arm64")
        #expect(documents.map(\.bytes) == [index, arm64.manifest, arm64.config])
        #expect(source.requests == [SHA256.digest(of: arm64.manifest), SHA256.digest(of: arm64.config)])
    }

    @Test func `without a platform the index is searched for this machine's`() throws {
        let host = try Built(["a"], platform: Platform.host.description)
        let index = try Sample.index([
            Sample.descriptor(of: [1], MediaType.manifest, platform: "plan9/mips"),
            host.descriptor(Platform.host.description),
        ])
        let source = MemoryImage(root: index, contents: [host.manifest, host.config])
        #expect(try resolve(source, platform: nil).image.platform == .host)
    }

    @Test func `without a platform a single manifest is taken whatever it is for`() throws {
        let built = try Built(["a"], platform: "linux/s390x")
        let source = MemoryImage(root: built.manifest, contents: [built.config])
        #expect(try resolve(source, platform: nil).image.platform.description == "linux/s390x")
        let error = #expect(throws: ImageError.self) { try resolve(source, platform: Self.amd64) }
        #expect(error?.kind == .notFound)
        #expect(error?.description == "test.example/image:1 has no image for linux/amd64; it has linux/s390x")
    }

    @Test func `the platform in the index counts more than the config's`() throws {
        // For linux/arm/v6 builders often write a config without a variant.
        let built = try Built(["a"], platform: "linux/arm/v7")
        let source = MemoryImage(
            root: try Sample.index([built.descriptor("linux/arm/v6")]), contents: [built.manifest, built.config])
        let image = try resolve(source, platform: Platform(parsing: "linux/arm/v6")).image
        #expect(image.platform.description == "linux/arm/v6")
    }

    @Test func `indexes may be nested, with and without platforms`() throws {
        let amd64 = try Built(["a"])
        let arm64 = try Built(["b"], platform: "linux/arm64")
        let first = try Sample.index([amd64.descriptor("linux/amd64")])
        let second = try Sample.index([arm64.descriptor(nil)])
        let root = try Sample.index([first, second].map { Sample.descriptor(of: $0, MediaType.index) })
        let contents = [first, second, amd64.manifest, amd64.config, arm64.manifest, arm64.config]
        for (platform, built) in [("linux/amd64", amd64), ("linux/arm64", arm64)] {
            let (image, documents) = try resolve(
                MemoryImage(root: root, contents: contents), platform: Platform(parsing: platform))
            #expect(image.manifestDigest == SHA256.digest(of: built.manifest))
            #expect(documents.count == 4)
        }
        let error = #expect(throws: ImageError.self) {
            try resolve(MemoryImage(root: root, contents: contents), platform: Platform(parsing: "riscv64"))
        }
        #expect(error?.description.hasSuffix("it has linux/amd64, linux/arm64") == true)
    }

    @Test func `too many nested indexes are refused, also endless ones`() throws {
        let built = try Built(["a"])
        var contents = [built.manifest, built.config]
        var root = try Sample.index([built.descriptor("linux/amd64")])
        for depth in 1...4 {
            let source = MemoryImage(root: root, contents: contents)
            if depth <= 3 {
                #expect(try resolve(source, platform: Self.amd64).documents.count == depth + 2)
            } else {
                let error = #expect(throws: ImageError.self) { try resolve(source, platform: Self.amd64) }
                #expect(error?.kind == .tooLarge)
            }
            contents.append(root)
            root = try Sample.index([Sample.descriptor(of: root, MediaType.index)])
        }
    }

    @Test func `an index for other platforms says which ones`() throws {
        let index = try Sample.index(
            ["linux/s390x", "linux/s390x", "windows/amd64", "unknown/unknown"].map {
                Sample.descriptor(of: Array($0.utf8), MediaType.manifest, platform: $0)
            })
        let error = #expect(throws: ImageError.self) { try resolve(MemoryImage(root: index), platform: Self.amd64) }
        #expect(error?.kind == .notFound)
        #expect(
            error?.description == "test.example/image:1 has no image for linux/amd64; it has linux/s390x, windows/amd64"
        )
        #expect(error?.offeredPlatforms?.count == 2)
    }

    @Test func `an empty index has no image at all`() throws {
        let source = MemoryImage(root: try Sample.index([]))
        let error = #expect(throws: ImageError.self) { try resolve(source, platform: Self.amd64) }
        #expect(error?.description == "test.example/image:1 has no image for linux/amd64; it has no image at all")
    }

    @Test func `a layer may occur twice`() throws {
        let built = try Built(["a", "b", "a"])
        let source = MemoryImage(root: built.manifest, contents: [built.config])
        let image = try resolve(source, platform: nil).image
        #expect(image.layers.count == 3)
        #expect(image.layers[0] == image.layers[2])
    }

    @Test func `an image without layers is allowed`() throws {
        let built = try Built([])
        let image = try resolve(MemoryImage(root: built.manifest, contents: [built.config]), platform: nil).image
        #expect(image.chainIDs.isEmpty)
        #expect(image.chainID == nil)
    }

    @Test func `numbers of layers and diffIDs must agree`() throws {
        let config = try Sample.config(["a"])
        let manifest = try Sample.manifest(config: config, layers: [Sample.layer("a"), Sample.layer("b")])
        try expectFailure(manifest, [config], .invalid, "has 2 layers, its config")
    }

    @Test func `one blob cannot have two diffIDs`() throws {
        let config = try Sample.config(["a", "b"])
        let manifest = try Sample.manifest(config: config, layers: [Sample.layer("a"), Sample.layer("a")])
        try expectFailure(manifest, [config], .invalid, "has two diffIDs")
    }

    @Test(arguments: [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "foreign layer"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "foreign layer"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"),
    ])
    func `layers that cannot be had are refused before anything is fetched`(mediaType: String, reason: String) throws {
        let config = try Sample.config(["a"])
        let manifest = try Sample.manifest(config: config, layers: [Sample.layer("a", mediaType: mediaType)])
        try expectFailure(manifest, [config], .unsupported, reason)
        let source = MemoryImage(root: manifest, contents: [config])
        #expect(throws: ImageError.self) { try resolve(source, platform: nil) }
        #expect(source.requests.isEmpty)
    }

    @Test func `limits are checked before anything is fetched`() throws {
        let built = try Built(["a", "b"])
        let big = Descriptor(mediaType: MediaType.config, digest: Sample.digest("x"), size: 9 << 20)
        try expectFailure(
            Sample.encode(Manifest(config: big, layers: [])), [], .tooLarge, "9437184 bytes, 8388608 are allowed")
        let bigManifest = Descriptor(
            mediaType: MediaType.manifest, digest: Sample.digest("x"), size: .max, platform: Self.amd64)
        try expectFailure(Sample.index([bigManifest]), [], .tooLarge, "4194304 are allowed")

        let bigLayer = Descriptor(mediaType: MediaType.layerGzip, digest: Sample.digest("x"), size: .max)
        let withBigLayers = try Sample.manifest(config: built.config, layers: [bigLayer, bigLayer])
        try expectFailure(
            withBigLayers, [built.config], .tooLarge, "9223372036854775807 bytes, 17592186044416 are allowed")

        var limits = ImageLimits()
        limits.maximumLayerCount = 1
        try expectFailure(built.manifest, [built.config], .tooLarge, "has 2 layers, 1 are allowed", limits: limits)
        limits = ImageLimits()
        limits.maximumManifestByteCount = 10
        try expectFailure(built.manifest, [built.config], .tooLarge, "10 are allowed", limits: limits)
        limits = ImageLimits()
        limits.maximumUnlabelledManifestCount = 1
        let index = try Sample.index([built.descriptor(nil), built.descriptor(nil)])
        try expectFailure(index, [built.manifest, built.config], .tooLarge, "without a platform", limits: limits)
    }

    @Test func `content is checked against its descriptor even when the source did not`() throws {
        final class Careless: ImageSource {
            let name = "careless"
            let document: [UInt8]
            let wrong: [UInt8]
            init(_ document: [UInt8], _ wrong: [UInt8]) { (self.document, self.wrong) = (document, wrong) }
            func root() throws -> Document { Document(bytes: document, mediaType: "") }
            func manifest(_ descriptor: Descriptor) throws -> Document { Document(bytes: wrong, mediaType: "") }
            func config(_ descriptor: Descriptor) throws -> [UInt8] { wrong }
            func stream(_: Descriptor, from: Int64, into: (UnsafeRawBufferPointer) throws -> Void) throws {}
        }
        let built = try Built(["a"])
        var other = built.config
        other[other.count - 1] ^= 1
        for wrong in [other, Array(built.config.dropLast())] {
            let error = #expect(throws: ImageError.self) {
                try resolve(Careless(built.manifest, wrong), platform: nil)
            }
            #expect(error?.kind == .invalid)
        }
    }

    @Test func `errors of the source come through unchanged`() throws {
        let built = try Built(["a"])
        #expect(throws: MemoryImage.Missing(digest: SHA256.digest(of: built.config))) {
            try resolve(MemoryImage(root: built.manifest), platform: nil)
        }
    }

    @Test func `an artifact that is no image says so`() throws {
        let config = Array("{}".utf8)
        let manifest = try Sample.encode(
            Manifest(
                config: Sample.descriptor(of: config, "application/vnd.cncf.helm.config.v1+json"),
                layers: [Sample.layer("chart")]))
        try expectFailure(manifest, [config], .unsupported, "vnd.cncf.helm")
    }

    func expectFailure(
        _ root: [UInt8], _ contents: [[UInt8]], _ kind: FailureKind, _ reason: String,
        limits: ImageLimits = ImageLimits(), location: SourceLocation = #_sourceLocation
    ) throws {
        let error = #expect(throws: ImageError.self, sourceLocation: location) {
            try resolve(MemoryImage(root: root, contents: contents), platform: Self.amd64, limits: limits)
        }
        #expect(error?.kind == kind, sourceLocation: location)
        let description = error?.description ?? ""
        #expect(description.contains(reason), "\(description)", sourceLocation: location)
        #expect(description.hasPrefix("test.example/image:1"), sourceLocation: location)
    }
}
