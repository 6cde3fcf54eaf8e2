import Control
import Testing

struct ResourceLimitTests {
    @Test(arguments: [
        ("manifest-size=4M", ResourceLimit.manifestSize, UInt64(4 << 20)), ("layers=3", .layers, 3),
        ("zstd-window=1K", .zstdWindow, 1024), ("blob-size=2T", .blobSize, 2 << 40), ("xattrs=0", .xattrs, 0),
    ])
    func `a setting is a name and a number`(_ text: String, _ limit: ResourceLimit, _ value: UInt64) throws {
        let (foundLimit, foundValue) = try ResourceLimit.parse(text)
        #expect(foundLimit == limit && foundValue == value)
    }

    @Test(arguments: [
        "", "layers", "layers=", "layers=-1", "layers=1.5", "layers=K", "no-such=1", "layers=0", "name-length=256",
        "layers=99999999999999999999", "blob-size=99999999999T", "layers=1 ", "layers=3k",
    ])
    func `what is no setting is refused, and quoted`(_ text: String) {
        let error = #expect(throws: ResourceLimit.ParseError.self) { try ResourceLimit.parse(text) }
        #expect(error?.description.contains("--limit \(text)") == true)
    }
}
