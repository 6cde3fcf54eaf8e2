import Compression
import Content
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Layers

@Suite(.timeLimit(.minutes(1)))
struct CheckpointFileTests {
    static let archive = TestArchive(fileCount: 60, fileByteCount: 150_000)

    @Test func `any byte of a layer can be inflated from the checkpoint before it`() throws {
        let fixture = try StoreFixture()
        let source = TestSource(Self.archive.blobBytes)
        try LayerUnpacker(store: fixture.store).unpack(Self.archive.blob, diffID: Self.archive.diffID, from: source)
        let layer = try #require(try fixture.store.layer(Self.archive.diffID))
        let file = try CheckpointFile(try #require(try layer.checkpoints()), diffID: Self.archive.diffID)
        #expect(file.blobDigest == Self.archive.blob.digest)
        #expect(file.blobByteCount == UInt64(Self.archive.blobBytes.count))
        #expect(file.archiveByteCount == UInt64(Self.archive.bytes.count))
        #expect((8...9).contains(file.count))
        for offset in stride(from: 0, to: Self.archive.bytes.count - 4096, by: 777_777) {
            let checkpoint = try #require(try file.checkpoint(atOrBefore: UInt64(offset)))
            #expect(UInt64(offset) - checkpoint.byteOffset < 2 << 20)
            #expect(
                try Self.read(4096, at: offset, from: checkpoint)
                    .elementsEqual(Self.archive.bytes[offset..<offset + 4096]))
        }
    }

    private static func read(_ count: Int, at offset: Int, from checkpoint: Checkpoint) throws -> ArraySlice<UInt8> {
        let skipped = offset - Int(checkpoint.byteOffset)
        let output = try archive.inflated(skipped + count, from: checkpoint)
        #expect(output.count == skipped + count)
        return output[skipped...]
    }

    @Test func `windows are compared with the archive`() throws {
        let fixture = try StoreFixture()
        try LayerUnpacker(store: fixture.store).unpack(
            Self.archive.blob, diffID: Self.archive.diffID, from: TestSource(Self.archive.blobBytes))
        let layer = try #require(try fixture.store.layer(Self.archive.diffID))
        let file = try CheckpointFile(try #require(try layer.checkpoints()), diffID: layer.diffID)
        try file.check(against: layer.data)

        // What has a right checksum and windows of another archive.
        func fault(byteCount: Int, _ change: (inout Checkpoint) -> Void) throws -> String? {
            var builder = CheckpointFileBuilder()
            for position in 0..<file.count {
                var checkpoint = try file.checkpoint(at: position)
                if position == 3 { change(&checkpoint) }
                builder.add(checkpoint)
            }
            let bytes = builder.finish(
                diffID: layer.diffID, archiveByteCount: UInt64(byteCount), blob: Self.archive.blob)
            do {
                try CheckpointFile(LoadedFile(bytes: bytes), diffID: layer.diffID).check(against: layer.data)
                return nil
            } catch {
                return error.description
            }
        }
        let byteCount = Self.archive.bytes.count
        #expect(try fault(byteCount: byteCount) { _ in } == nil)
        #expect(try fault(byteCount: byteCount + 1) { _ in } != nil)
        #expect(try fault(byteCount: byteCount) { $0.window[32_767] ^= 1 }?.contains("checkpoint 3") == true)
        #expect(try fault(byteCount: byteCount) { $0.window.removeLast() }?.contains("checkpoint 3") == true)
        #expect(try fault(byteCount: byteCount) { $0.byteOffset += 1 }?.contains("checkpoint 3") == true)
        #expect(try fault(byteCount: byteCount) { $0.window.removeFirst() } == nil)
    }

    @Test func `an archive that ends while it is compared is called cut off`() throws {
        let directory = TemporaryDirectory()
        let archive = try FileDescriptor.open(
            FilePath(directory.path + "/data"), .readWrite, options: .create, permissions: .ownerReadWrite)
        defer { try? archive.close() }
        try archive.writeAll([1, 2, 3])
        #expect(try CheckpointFile.bytes(of: archive, at: 1, count: 2) == [2, 3])
        let fault = #expect(throws: CheckpointFile.Fault.self) {
            try CheckpointFile.bytes(of: archive, at: 1, count: 3)
        }
        #expect(fault?.description == "the archive is cut off")
    }

    @Test func `only gzip blobs have checkpoints, and only when they are wanted`() throws {
        let fixture = try StoreFixture()
        let plain = TestArchive(Self.archive.bytes, blobBytes: Self.archive.bytes)
        try LayerUnpacker(store: fixture.store).unpack(
            plain.blob, diffID: plain.diffID, from: TestSource(plain.blobBytes))
        #expect(try fixture.store.layer(plain.diffID)?.checkpoints() == nil)
        var limits = UnpackLimits()
        limits.checkpointSpanByteCount = nil
        let small = LayerUnpackerTests.small
        try LayerUnpacker(store: fixture.store, limits: limits).unpack(
            small.blob, diffID: small.diffID, from: TestSource(small.blobBytes))
        #expect(try fixture.store.layer(small.diffID)?.checkpoints() == nil)
    }

    @Test func `a damaged file is refused`() throws {
        var builder = CheckpointFileBuilder()
        for number in 0..<3 {
            builder.add(
                Checkpoint(
                    compressedBitOffset: UInt64(number * 1000), byteOffset: UInt64(number * 5000),
                    window: [UInt8](repeating: UInt8(number), count: number * 100)))
        }
        let diffID = SHA256.digest(of: [1])
        let blob = TestArchive.descriptor(of: [UInt8](repeating: 1, count: 9000))
        let bytes = builder.finish(diffID: diffID, archiveByteCount: 20_000, blob: blob)
        let file = try CheckpointFile(LoadedFile(bytes: bytes), diffID: diffID)
        #expect(file.count == 3)
        #expect(try file.checkpoint(at: 2).window == [UInt8](repeating: 2, count: 200))
        #expect(try file.checkpoint(atOrBefore: 9999)?.byteOffset == 5000)
        #expect(throws: CheckpointFile.Fault.self) { try CheckpointFile(LoadedFile(bytes: bytes), diffID: blob.digest) }
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 4
            #expect(throws: CheckpointFile.Fault.self) {
                try CheckpointFile(LoadedFile(bytes: damaged), diffID: diffID)
            }
        }
        for length in 0..<bytes.count {
            #expect(throws: CheckpointFile.Fault.self) {
                try CheckpointFile(LoadedFile(bytes: Array(bytes.prefix(length))), diffID: diffID)
            }
        }
    }
}
