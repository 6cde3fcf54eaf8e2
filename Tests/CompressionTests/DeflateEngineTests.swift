import Testing

@testable import Compression

struct DeflateEngineTests {
    @Test(arguments: DeflateEngine.available)
    func `engines that are built in pass the self-test`(_ engine: DeflateEngine) {
        #expect(DeflateSelfTest.passes(engine))
    }

    @Test func `the environment can ask for zlib`() {
        #expect(DeflateEngine.choose("zlib").engine == .zlib)
        #expect(DeflateEngine.choose("zlib").notice == nil)
        #expect(DeflateEngine.choose(nil).engine == DeflateEngine.available[0])
        #expect(DeflateEngine.choose("isal").engine == DeflateEngine.available[0])
        let unknown = DeflateEngine.choose("pigz")
        #expect(unknown.engine == .zlib)
        #expect(unknown.notice?.contains("pigz") == true)
    }

    @Test(arguments: [
        ([0x1f, 0x8b], CompressionFormat.gzip), ([0x28, 0xb5, 0x2f, 0xfd, 1], .zstd),
        ([0x5f, 0x2a, 0x4d, 0x18], .zstd),
        ([0x60, 0x2a, 0x4d, 0x18], .none), ([0x1f, 0x8a, 0, 0], .none), ([], .none), ([0x2e, 0x2f], .none),
    ])
    func `the first bytes tell the format`(_ prefix: [UInt8], _ format: CompressionFormat) {
        #expect(prefix.withUnsafeBytes { CompressionFormat.detect($0) } == format)
    }
}
