import Content
import OCI
import TestSupport
import Testing

@testable import LocalImage

struct ArchiveFuzzTests {
    @Test func `a damaged archive opens and reads back, or is refused`() throws {
        let scratch = ScratchDirectory()
        let image = try SampleImage(["a", "b"])
        var writer = ArchiveWriter()
        writer.file("c.json", image.config)
        writer.file("0.tar", image.layers[0])
        writer.file("1.tar", image.layers[1])
        writer.symbolicLink("d/layer.tar", "../1.tar")
        writer.file("manifest.json", #"[{"Config":"c.json","Layers":["0.tar","d/layer.tar"]}]"#)
        for (path, bytes) in try SampleImage.layout([image], index: [image.descriptor(name: "x")]) {
            writer.file(path, bytes)
        }
        writer.end()

        var generator = SeededGenerator(seed: 4)
        var openedCount = 0
        for _ in 0..<200 {
            var bytes = writer.bytes
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                // Half of the damage is in the headers of the small members at the front.
                let end = Bool.random(using: &generator) ? 5000 : bytes.count
                bytes[Int.random(in: 0..<end, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if Int.random(in: 0..<8, using: &generator) == 0 {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            }
            let path = try scratch.write("image.tar", bytes)
            do {
                let source = try DockerArchiveImage(path: path, reference: nil)
                let resolved = try resolve(source, platform: nil).image
                for layer in resolved.layers {
                    var byteCount = 0
                    try source.stream(layer.descriptor, from: 0) { byteCount += $0.count }
                    #expect(byteCount == Int(layer.descriptor.size))
                }
                openedCount += 1
            } catch let error as any DescribedError {
                #expect(!error.description.isEmpty)
            }
        }
        #expect(openedCount > 5)
    }
}
