import OCI
import Testing

struct DigestTests {
    static let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func `a digest reads back as it was written`() throws {
        let digest = try Digest(parsing: Self.abc)
        #expect(digest.description == Self.abc)
        #expect(digest.hex == String(Self.abc.dropFirst(7)))
        #expect(digest.short == "ba7816bf8f01")
        #expect(Digest(bytes: digest.bytes) == digest)
        #expect(Digest(hex: digest.hex) == digest)
    }

    @Test(arguments: [
        "", ":", "sha256", "sha256:", "sha256:abc", ":" + String(repeating: "a", count: 64),
        "sha256:" + String(repeating: "a", count: 63), "sha256:" + String(repeating: "a", count: 65),
        "sha256:" + String(repeating: "A", count: 64), "sha256:" + String(repeating: "g", count: 64),
        "SHA256:" + String(repeating: "a", count: 64), "sha256:" + String(repeating: "/", count: 64),
        "sha256: " + String(repeating: "a", count: 63),
    ])
    func `what is not a digest is refused`(text: String) {
        #expect(throws: Digest.ParseError.malformed(text)) { try Digest(parsing: text) }
    }

    @Test func `another algorithm is named in the error`() {
        let text = "sha512:" + String(repeating: "a", count: 128)
        #expect(throws: Digest.ParseError.unsupportedAlgorithm("sha512")) { try Digest(parsing: text) }
    }

    @Test(arguments: [0, 1, 31, 33, 64]) func `a digest has 32 bytes`(count: Int) {
        #expect(Digest(bytes: [UInt8](repeating: 7, count: count)) == nil)
    }
}
