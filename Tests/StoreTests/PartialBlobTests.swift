import OCI
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct PartialBlobTests {
    let directory = TemporaryDirectory()
    let blob = digest("blob")

    private func append(_ bytes: [UInt8], to partial: PartialBlob) throws {
        try bytes.withUnsafeBytes { try partial.append($0) }
    }

    private func contents(of partial: PartialBlob) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(partial.byteCount))
        _ = try bytes.withUnsafeMutableBytes { try partial.descriptor.read(fromAbsoluteOffset: 0, into: $0) }
        return bytes
    }

    @Test func `a fetch goes on where it was, also after opening the store again`() throws {
        do {
            let partial = try Store.open(directory).partialBlob(blob)
            #expect(partial.byteCount == 0)
            try append([1, 2], to: partial)
        }
        let partial = try Store.open(directory).partialBlob(blob)
        #expect(partial.byteCount == 2)
        try append([3], to: partial)
        #expect(try contents(of: partial) == [1, 2, 3])
        try partial.reset()
        #expect(partial.byteCount == 0)
        try append([9], to: partial)
        #expect(try contents(of: partial) == [9])
        try partial.remove()
        try partial.remove()
        #expect(!directory.contains("blobs/sha256/\(blob.hex).partial"))
    }

    @Test func `a second fetch of the same blob starts from nothing and leaves nothing`() throws {
        let store = try Store.open(directory)
        let first = try store.partialBlob(blob)
        try append([1, 2], to: first)
        do {
            let second = try store.partialBlob(blob)
            #expect(second.byteCount == 0)
            try append([7], to: second)
            #expect(try contents(of: second) == [7])
        }
        #expect(store.isStagingEmpty)
        #expect(try contents(of: first) == [1, 2])
    }

    @Test func `over the limit the oldest go, but none that is being fetched`() throws {
        let store = try Store.open(directory) { $0.maximumPartialByteCount = 10 }
        for name in ["a", "b", "c"] { try append([UInt8](repeating: 0, count: 4), to: store.partialBlob(digest(name))) }
        let held = try (0..<3).map { try store.partialBlob(digest("held \($0)")) }
        for partial in held { try append([UInt8](repeating: 0, count: 20), to: partial) }
        _ = try store.partialBlob(digest("last"))
        #expect(try store.usage().partialByteCount == 60)
    }

    @Test func `the budget takes the oldest first and no more than needed`() {
        let partials = [(1, 30), (2, 20), (3, 10)].map { age, count in
            PartialBudget.Partial(digest: digest("\(age)"), byteCount: Int64(count), modifiedAtSeconds: Int64(age))
        }
        let cases: [(limit: Int64, gone: [Int])] = [
            (60, []), (59, [1]), (30, [1]), (29, [1, 2]), (9, [1, 2, 3]), (0, [1, 2, 3]),
        ]
        for (limit, gone) in cases {
            let excess = PartialBudget.excess(of: partials.reversed(), over: limit)
            #expect(excess == gone.map { digest("\($0)") }, "limit \(limit)")
        }
    }
}
