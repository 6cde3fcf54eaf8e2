import FoundationEssentials

@testable import Content
@testable import LocalImage
@testable import OCI

/// Bytes as an index, a manifest, a config, and as what local images have besides.
@Sendable func fuzzDocuments(_ input: UnsafeRawBufferPointer) {
    let bytes = Array(input)
    let document = Document(bytes: bytes, mediaType: MediaType.manifest)
    do throws(ImageError) {
        switch try ImageDocument(document) {
        case .index(let index):
            precondition(index.manifests.allSatisfy { $0.size >= 0 }, "a negative size")
            let layout = LayoutIndex(index)
            _ = (layout.choice(tag: nil), layout.choice(tag: "1"), layout.choice(reference: nil), layout.names)
        case .manifest(let manifest):
            precondition(manifest.layers.allSatisfy { $0.size >= 0 }, "a negative size")
        }
    } catch {
        precondition(!error.description.isEmpty, "an error says nothing")
    }
    do throws(ImageError) {
        let config = try ImageConfig(document)
        _ = config.platform.description
        if let again = try? ImageConfig(Document(bytes: Array(JSONEncoder().encode(config)), mediaType: "")) {
            precondition(again.rootfs == config.rootfs, "a config changes when it is written and read")
        }
    } catch {
        precondition(!error.description.isEmpty, "an error says nothing")
    }
    do throws(LocalImageError) {
        _ = try DockerManifest.choose(from: DockerManifest.list(bytes) ?? [], reference: nil, path: "a.tar")
    } catch {
        _ = error.description
    }
    do {
        let image = try resolve(FuzzImage(document: document), platform: nil).image
        precondition(image.chainIDs.count == image.layers.count, "a layer without a chainID")
    } catch {
        _ = "\(error)"
    }
}

/// Gives the same document for whatever it is asked: an index of itself, its own config.
private struct FuzzImage: ImageSource {
    let document: Document
    var name: String { "fuzz.example/image:1" }

    func root() throws -> Document { document }
    func manifest(_ descriptor: Descriptor) throws -> Document { document }
    func config(_ descriptor: Descriptor) throws -> [UInt8] { document.bytes }
    func stream(_ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void) throws {}
}
