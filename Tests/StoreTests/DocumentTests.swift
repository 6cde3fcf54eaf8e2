import Content
import OCI
import Store
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DocumentTests {
    let directory = TemporaryDirectory()

    @Test func `documents come back by their digest`() throws {
        let store = try Store.open(directory)
        let documents = (0..<3).map { Document(bytes: [UInt8](repeating: $0, count: Int($0)), mediaType: "test") }
        try store.add(documents)
        try store.add(documents)
        for document in documents { #expect(try store.document(document.digest) == document.bytes) }
        #expect(try store.document(digest("unknown")) == nil)
        #expect(store.isStagingEmpty)
    }

    @Test(arguments: ["", "other", "{} and more"])
    func `a damaged document is removed and can be added again`(damage: String) throws {
        let store = try Store.open(directory)
        let document = Document(bytes: Array("{}".utf8), mediaType: "test")
        try store.add([document])
        try directory.write(damage, to: "blobs/sha256/\(document.digest.hex)")
        #expect(try store.document(document.digest) == nil)
        #expect(!directory.contains("blobs/sha256/\(document.digest.hex)"))
        try store.add([document])
        #expect(try store.document(document.digest) == document.bytes)
        try directory.write(damage, to: "blobs/sha256/\(document.digest.hex)")
        try store.add([document])
        #expect(try store.document(document.digest) == document.bytes)
    }

    @Test func `a document over the limit is refused`() throws {
        let store = try Store.open(directory) { $0.maximumDocumentByteCount = 10 }
        try store.add([Document(bytes: [UInt8](repeating: 0, count: 10), mediaType: "test")])
        let error = #expect(throws: StoreError.self) {
            try store.add([Document(bytes: [UInt8](repeating: 0, count: 11), mediaType: "test")])
        }
        #expect(error?.kind == .tooLarge)
    }
}
