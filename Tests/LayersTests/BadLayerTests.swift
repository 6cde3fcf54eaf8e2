import Content
import LayerIndex
import OCI
import Store
import SystemPackage
import Testing

@testable import Compression
@testable import Layers

/// Layers that are not what they should be: a clear error, and nothing left behind.
@Suite(.timeLimit(.minutes(1)))
struct BadLayerTests {
    static let archive = LayerUnpackerTests.small
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var blob: Descriptor = archive.blob
        var diffID: Digest = archive.diffID
        var bytes: [UInt8]
        var kind = FailureKind.invalid
        /// A part of the error's description.
        var problem: String
    }

    static func good(_ name: String, _ archive: TestArchive, kind: FailureKind = .invalid, _ problem: String) -> Case {
        Case(
            testDescription: name, blob: archive.blob, diffID: archive.diffID, bytes: archive.blobBytes, kind: kind,
            problem: problem)
    }

    static let cases: [Case] = {
        let bytes = archive.blobBytes
        let other = SHA256.digest(of: [1])
        var otherDigest = archive.blob
        otherDigest.digest = other
        var withMore = archive.blob
        withMore.size -= 1
        var withLess = archive.blob
        withLess.size += 1
        let stored = TestArchive(archive.bytes, blobBytes: GzipWriter.gzip(archive.bytes, level: 0))
        var flippedContent = archive.bytes
        flippedContent[600] ^= 1
        return [
            Case(testDescription: "truncated", bytes: bytes.dropLast(), problem: "bytes, not the"),
            Case(testDescription: "too long", bytes: bytes + [0], problem: "more than the \(bytes.count) bytes"),
            Case(testDescription: "nothing", bytes: [], problem: "has 0 bytes"),
            Case(testDescription: "manifest says less", blob: withMore, bytes: bytes, problem: "has more than"),
            Case(testDescription: "manifest says more", blob: withLess, bytes: bytes, problem: "bytes, not the"),
            Case(testDescription: "wrong digest", blob: otherDigest, bytes: bytes, problem: "has the digest"),
            Case(
                testDescription: "wrong diffID", diffID: other, bytes: bytes,
                problem: "unpacks to \(archive.diffID), but the image's config says diffID \(other)"),
            Case(
                testDescription: "right checksums, wrong content", blob: stored.blob,
                bytes: GzipWriter.gzip(flippedContent, level: 0), problem: "has the digest"),
            good("not a tar", TestArchive([UInt8](repeating: 65, count: 4000)), "not a tar archive"),
            good("a tar cut off", TestArchive(Array(archive.bytes.prefix(900))), "cut off inside a file"),
            good("xz", TestArchive([], blobBytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2]), kind: .unsupported, "xz"),
            good(
                "path that leaves", TestArchive(TestArchive.member("a/../../etc/passwd", [1])), "'..'"),
            good(
                "cut off gzip", TestArchive(archive.bytes, blobBytes: Array(bytes.dropLast(5))),
                "the gzip stream is cut off"),
        ]
    }()

    @Test(arguments: cases, [true, false])
    func `a bad layer leaves nothing behind`(_ test: Case, _ isResumable: Bool) throws {
        let unpacker = LayerUnpacker(store: fixture.store)
        let error = #expect(throws: LayerError.self) {
            try unpacker.unpack(
                test.blob, diffID: test.diffID, from: TestSource(test.bytes), isResumable: isResumable)
        }
        #expect(error?.kind == test.kind)
        #expect(error?.digest == test.blob.digest)
        #expect(error?.description.contains(test.problem) == true, "\(error?.description ?? "")")
        #expect(fixture.leftovers.isEmpty)
        #expect(fixture.layers.isEmpty)
    }

    @Test func `a flipped bit anywhere is noticed`() throws {
        let unpacker = LayerUnpacker(store: fixture.store)
        for position in stride(from: 0, to: Self.archive.blobBytes.count, by: 61) {
            var bytes = Self.archive.blobBytes
            bytes[position] ^= UInt8(1 << (position % 8))
            #expect(throws: LayerError.self) {
                try unpacker.unpack(Self.archive.blob, diffID: Self.archive.diffID, from: TestSource(bytes))
            }
        }
        #expect(fixture.leftovers.isEmpty)
        #expect(fixture.layers.isEmpty)
    }

    @Test func `limits are errors of their own kind`() throws {
        var limits = UnpackLimits()
        limits.index.maximumEntryCount = 2
        let byEntries = LayerUnpacker(store: fixture.store, limits: limits)
        limits = UnpackLimits()
        limits.inflate.maximumByteCount = 1000
        let byBytes = LayerUnpacker(store: fixture.store, limits: limits)
        for unpacker in [byEntries, byBytes] {
            let error = #expect(throws: LayerError.self) {
                try unpacker.unpack(
                    Self.archive.blob, diffID: Self.archive.diffID, from: TestSource(Self.archive.blobBytes))
            }
            #expect(error?.kind == .tooLarge)
        }
        #expect(fixture.leftovers.isEmpty)
    }

    @Test func `the source is stopped soon after the archive turns out to be bad`() throws {
        let bad = TestArchive([UInt8](repeating: 65, count: 512) + LayerUnpackerTests.large.bytes)
        let source = TestSource(bad.blobBytes)
        #expect(throws: LayerError.self) {
            try LayerUnpacker(store: fixture.store).unpack(bad.blob, diffID: bad.diffID, from: source)
        }
        #expect(source.deliveredByteCount < bad.blobBytes.count)
    }
}
