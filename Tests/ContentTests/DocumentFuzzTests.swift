import TestSupport
import Testing

@testable import Content
@testable import OCI

struct DocumentFuzzTests {
    static let fragments = [
        "null", "-1", "1e999", "[[[[", "{}", "\"", "\\u0000", "\"layers\":[],", "\"manifests\":[],",
        "\"mediaType\":\"x\",", "18446744073709551616", "\u{0}", "true",
    ].map { Array($0.utf8) }

    @Test func `a damaged document resolves to a consistent image or is refused`() throws {
        var generator = SeededGenerator(seed: 2)
        let built = try ResolveTests.Built(["a", "b", "c"])
        let index = try Sample.index([built.descriptor("linux/amd64"), built.descriptor(nil)])
        var resolvedCount = 0
        for round in 0..<2000 {
            let seed = round.isMultiple(of: 2) ? built.manifest : index
            let root = seed.mutated(using: &generator, fragments: Self.fragments)
            let source = MemoryImage(root: root, contents: [built.manifest, built.config])
            do {
                let image = try resolve(source, platform: nil).image
                #expect(image.layers.allSatisfy { $0.descriptor.size >= 0 })
                #expect(image.chainIDs.count == image.layers.count)
                resolvedCount += 1
            } catch let error as ImageError {
                #expect(!error.description.isEmpty)
            } catch is MemoryImage.Missing {
                // The damage was in a digest.
            }
        }
        #expect(resolvedCount > 10)
    }

    @Test func `a damaged config resolves to a consistent image or is refused`() throws {
        var generator = SeededGenerator(seed: 3)
        let config = try Sample.config(["a", "b", "c"])
        for _ in 0..<2000 {
            let damaged = config.mutated(using: &generator, fragments: Self.fragments)
            do throws(ImageError) {
                _ = try ImageConfig(Document(bytes: damaged, mediaType: "")).platform.description
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }
}
