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
        #expect(hasher.digest == SHA256.digest(of: bytes))
    }

    @Test func `a hash can be put away between two blocks and taken up again`() throws {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for length in 0..<300 {
            var first = SHA256()
            bytes[..<length].withUnsafeBytes { first.update($0) }
            let state = first.state
            #expect((state == nil) == (length % 64 != 0))
            guard let state else { continue }
            #expect(state.byteCount == UInt64(length))
            var second = SHA256(resuming: SHA256.State(words: state.words, byteCount: state.byteCount))
            bytes[length...].withUnsafeBytes { second.update($0) }
            #expect(second.digest == SHA256.digest(of: bytes))
        }
        // The length is hashed in bits, in two words.
        let far = SHA256.State(words: [UInt32](1...8), byteCount: 3 << 29)
        #expect(SHA256(resuming: far).state == far)
        let digest = SHA256(resuming: far).digest
        #expect(digest.hex == "c34332da7d95f05299cc4c6525616b91f5cbdf40dbe5e75be92c7512389b5bce")
    }
}
