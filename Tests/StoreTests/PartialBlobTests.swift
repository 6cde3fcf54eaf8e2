import OCI
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct PartialBlobTests {
    let directory = TemporaryDirectory()
    let blob = digest("blob")

    private func keep(_ bytes: [UInt8], in partial: PartialBlob) throws {
        try bytes.withUnsafeBytes { try partial.keep($0) }
    }

    private func kept(in partial: PartialBlob) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(try partial.keptByteCount()))
        let count = try bytes.withUnsafeMutableBytes { try partial.readKept(into: $0, at: 0) }
        #expect(count == bytes.count)
        return bytes
    }

    private func archive(of partial: PartialBlob) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(try partial.archive.seek(offset: 0, from: .end)))
        _ = try bytes.withUnsafeMutableBytes { try partial.archive.read(fromAbsoluteOffset: 0, into: $0) }
        return bytes
    }

    @Test func `bytes of the blob are there again, also after opening the store again`() throws {
        do {
            let partial = try Store.open(directory).partialBlob(blob)
            #expect(try partial.keptByteCount() == 0 && partial.notes().isEmpty)
            try keep([1, 2], in: partial)
        }
        let partial = try Store.open(directory).partialBlob(blob)
        try keep([3], in: partial)
        #expect(try kept(in: partial) == [1, 2, 3])
        try partial.reset()
        #expect(try kept(in: partial).isEmpty)
        try keep([9], in: partial)
        #expect(try kept(in: partial) == [9])
        try partial.remove()
        try partial.remove()
        #expect(!directory.contains("blobs/sha256/\(blob.hex).partial"))
    }

    @Test func `the archive goes on where the notes say`() throws {
        do {
            let partial = try Store.open(directory).partialBlob(blob)
            try partial.archive.writeAll([1, 2, 3, 4])
            try partial.note([7])
            try partial.note([8, 9])
        }
        do {
            let partial = try Store.open(directory).partialBlob(blob)
            #expect(try archive(of: partial) == [1, 2, 3, 4])
            #expect(try partial.notes() == [7, 8, 9])
            try partial.rewind(archiveByteCount: 2, notesByteCount: 1)
            try partial.archive.writeAll([5])
            try partial.note([6])
            #expect(try archive(of: partial) == [1, 2, 5])
            #expect(try partial.notes() == [7, 6])
        }
        let partial = try Store.open(directory).partialBlob(blob)
        try partial.reset()
        #expect(try archive(of: partial).isEmpty && partial.notes().isEmpty)
    }

    @Test func `without notes or bytes it is of no use, and goes when it is wanted or the store is opened`() throws {
        let name = "blobs/sha256/\(blob.hex).partial"
        do {
            let store = try Store.open(directory)
            do {
                let partial = try store.partialBlob(blob)
                try partial.archive.writeAll([1])
                #expect(try archive(of: partial) == [1])
            }
            #expect(directory.contains(name + "/data"))
            let partial = try store.partialBlob(blob)
            #expect(try archive(of: partial).isEmpty)
        }
        _ = try Store.open(directory)
        #expect(!directory.contains(name))
    }

    @Test func `it becomes the layer, without what only the fetch needed`() throws {
        let store = try Store.open(directory)
        let layer = TestLayer(seed: 1)
        let partial = try store.partialBlob(blob)
        try partial.archive.writeAll(layer.bytes)
        try partial.note([1])
        try keep([2], in: partial)
        try store.stageLayer(layer.diffID, in: partial).publish(index: layer.index, checkpoints: nil)
        try partial.remove()
        #expect(try store.layer(layer.diffID)?.index() != nil)
        #expect(
            try Set(Directory.entries(of: directory.path + "/layers/sha256/\(layer.diffID.hex)"))
                == ["data", "index", "seal"])
        #expect(try Directory.entries(of: directory.path + "/blobs/sha256").isEmpty)
        #expect(store.isStagingEmpty)
    }

    @Test func `a second fetch of the same blob starts from nothing and leaves nothing`() throws {
        let store = try Store.open(directory)
        let first = try store.partialBlob(blob)
        try keep([1, 2], in: first)
        do {
            let second = try store.partialBlob(blob)
            #expect(try kept(in: second).isEmpty)
            try keep([7], in: second)
            #expect(try kept(in: second) == [7])
        }
        #expect(store.isStagingEmpty)
        #expect(try kept(in: first) == [1, 2])
    }

    @Test func `over the limit the oldest go, but none that is being fetched`() throws {
        let store = try Store.open(directory) { $0.maximumPartialByteCount = 10 }
        for name in ["a", "b", "c"] { try keep([UInt8](repeating: 0, count: 4), in: store.partialBlob(digest(name))) }
        let held = try (0..<3).map { try store.partialBlob(digest("held \($0)")) }
        for partial in held { try keep([UInt8](repeating: 0, count: 20), in: partial) }
        _ = try store.partialBlob(digest("last"))
        #expect(try store.usage().partialByteCount == 60)
    }

    @Test func `a fetch that begins while another one keeps the limit loses nothing`() async throws {
        let store = try Store.open(directory) { $0.maximumPartialByteCount = 10 }
        let layer = TestLayer(seed: 1)
        try await withThrowingTaskGroup { group in
            group.addTask { [blob] in
                for round in 0..<300 {
                    let partial = try store.partialBlob(blob)
                    try partial.rewind(archiveByteCount: 0, notesByteCount: 0)
                    try partial.archive.writeAll(layer.bytes)
                    try partial.note([1])
                    if round % 3 == 2 {
                        try store.stageLayer(layer.diffID, in: partial).publish(index: layer.index, checkpoints: nil)
                    }
                }
            }
            group.addTask {
                for round in 0..<300 {
                    if round % 10 == 0 { _ = try store.prune() } else { _ = try store.partialBlob(digest("other")) }
                }
            }
            try await group.waitForAll()
        }
        #expect(store.isStagingEmpty)
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
