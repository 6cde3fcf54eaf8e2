import Content
import OCI
import Testing

struct SHA256Tests {
    @Test func `SHA-256 gives the published values`() {
        let empty = SHA256.digest(of: [])
        #expect(empty.description == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let abc = SHA256.digest(of: Array("abc".utf8))
        #expect(abc.description == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(arguments: [1, 7, 63, 64, 65, 1000]) func `SHA-256 does not depend on how the bytes arrive`(step: Int) {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256()
        bytes.withUnsafeBytes { buffer in
            for start in stride(from: 0, to: buffer.count, by: step) {
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[start..<min(start + step, buffer.count)]))
                hasher.update(UnsafeRawBufferPointer(start: nil, count: 0))
            }
        }
        #expect(hasher.finish() == SHA256.digest(of: bytes))
    }
}
