import Content
import Testing

@testable import OCI

struct ImageDocumentTests {
    static let digest = Sample.digest("x").description
    static let descriptor = #"{"mediaType":"a/b","digest":"\#(digest)","size":7}"#
    static let manifest = #""config":\#(descriptor),"layers":[\#(descriptor)]"#
    static let index = #""manifests":[\#(descriptor)]"#

    static func read(_ text: String, mediaType: String = "") throws(ImageError) -> ImageDocument {
        try ImageDocument(Document(bytes: Array(text.utf8), mediaType: mediaType))
    }

    @Test(arguments: [
        "", #""mediaType":"application/vnd.oci.image.manifest.v1+json","#,
        #""mediaType":"application/vnd.docker.distribution.manifest.v2+json","#, #""mediaType":"","#,
        #""mediaType":null,"#, #""manifests":null,"#, #""unknown":{"a":[1,2.5,true,null]},"#, #""subject":{},"#,
    ])
    func `a manifest is recognised whatever the server calls it`(prefix: String) throws {
        for mediaType in ["", MediaType.index, "text/html", MediaType.manifest] {
            let document = try Self.read(#"{"schemaVersion":2,\#(prefix)\#(Self.manifest)}"#, mediaType: mediaType)
            guard case .manifest(let manifest) = document else {
                Issue.record("\(document)")
                return
            }
            #expect(manifest.layers.count == 1)
            #expect(manifest.config.size == 7)
        }
    }

    @Test(arguments: [
        "", #""mediaType":"application/vnd.oci.image.index.v1+json","#,
        #""mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","#, #""layers":null,"#,
    ])
    func `an index is recognised whatever the server calls it`(prefix: String) throws {
        let document = try Self.read(
            #"{"schemaVersion":2,\#(prefix)\#(Self.index)}"#, mediaType: MediaType.manifest)
        guard case .index(let index) = document else {
            Issue.record("\(document)")
            return
        }
        #expect(index.manifests.count == 1)
    }

    @Test func `null lists are empty`() throws {
        #expect(
            try Self.read(#"{"schemaVersion":2,"config":\#(Self.descriptor),"layers":null}"#)
                == .manifest(Manifest(mediaType: nil, config: Sample.any, layers: [])))
        #expect(
            try Self.read(#"{"schemaVersion":2,"mediaType":"\#(MediaType.index)","manifests":null}"#)
                == .index(ImageIndex(manifests: [])))
    }

    @Test(
        arguments: [
            // An index that is also a manifest: CVE-2021-41190.
            (#"{"schemaVersion":2,\#(index),\#(manifest)}"#, .invalid, "both an index and a manifest"),
            (#"{"schemaVersion":2,\#(index),"layers":[]}"#, .invalid, "both an index and a manifest"),
            (#"{"schemaVersion":2,"manifests":[],"config":{}}"#, .invalid, "both an index and a manifest"),
            (#"{"schemaVersion":2,"mediaType":"\#(MediaType.index)",\#(manifest)}"#, .invalid, "members say otherwise"),
            (#"{"schemaVersion":2,"mediaType":"\#(MediaType.manifest)",\#(index)}"#, .invalid, "members say otherwise"),
            // Schema 1, unsigned and signed.
            (#"{"schemaVersion":1,"name":"x","fsLayers":[]}"#, .unsupported, "schema 1"),
            (#"{"schemaVersion":1,"fsLayers":[],"history":[],"signatures":[{}]}"#, .unsupported, "schema 1"),
            (#"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerSchema1Signed)"}"#, .unsupported, "schema 1"),
            (#"{"fsLayers":[]}"#, .unsupported, "schema 1"),
            // Other things.
            (#"{\#(manifest)}"#, .unsupported, "no schemaVersion"),
            (#"{"schemaVersion":3,\#(manifest)}"#, .unsupported, "schemaVersion 3"),
            (#"{"schemaVersion":"2",\#(manifest)}"#, .invalid, "schemaVersion is not a number"),
            (#"{"schemaVersion":2}"#, .unsupported, "neither a manifest nor an index"),
            (#"{"errors":[{"code":"DENIED"}]}"#, .unsupported, "neither a manifest nor an index"),
            (#"{"schemaVersion":2,"mediaType":"application/x","blobs":[]}"#, .unsupported, "'application/x'"),
            ("", .invalid, "not JSON"), ("[]", .invalid, "is not an object"), ("null", .invalid, ""),
            ("{", .invalid, "not JSON"),
            ("<html></html>", .invalid, "not JSON"), ("\u{0}\u{0}", .invalid, "not JSON"),
            (String(repeating: "[", count: 100_000), .invalid, "not JSON"),
            // Descriptors.
            (#"{"schemaVersion":2,"layers":[]}"#, .invalid, "config is missing"),
            (
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":[{"digest":"\#(digest)","size":-1}]}"#, .invalid,
                "layers[0].size: -1 is negative"
            ),
            (
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":[{"digest":"\#(digest)"}]}"#, .invalid,
                "layers[0].size is missing"
            ),
            (
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":[{"digest":"\#(digest)","size":1.5}]}"#, .invalid,
                "a number that does not fit"
            ),
            (
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":[{"digest":"\#(digest)","size":9223372036854775808}]}"#,
                .invalid,
                "a number that does not fit"
            ),
            (
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":[{"size":1}]}"#, .invalid,
                "layers[0].digest is missing"
            ),
            (
                #"{"schemaVersion":2,"config":\#(descriptor),"layers":[{"digest":"sha256:../../x","size":1}]}"#,
                .invalid,
                "layers[0].digest: 'sha256:../../x' is not a digest"
            ),
            (#"{"schemaVersion":2,"config":\#(descriptor),"layers":[7]}"#, .invalid, "layers[0] is not an object"),
            (#"{"schemaVersion":2,"config":\#(descriptor),"layers":{}}"#, .invalid, "layers is not a list"),
            (#"{"schemaVersion":2,"manifests":[{"digest":"md5:x","size":1}]}"#, .invalid, "'md5' is not supported"),
        ] as [(String, FailureKind, String)])
    func `what is no image document is refused with the reason`(text: String, kind: FailureKind, reason: String) {
        let error = #expect(throws: ImageError.self) { try Self.read(text) }
        #expect(error?.kind == kind)
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        let digest = Sample.digest(text).description
        #expect(error?.description.contains(digest) == true)
    }
}

extension Sample {
    /// What `ImageDocumentTests.descriptor` says.
    static let any = Descriptor(mediaType: "a/b", digest: digest("x"), size: 7)
}
