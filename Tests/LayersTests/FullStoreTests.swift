import Glibc
import OCI
import Store
import TestSupport
import Testing

@testable import Layers

/// A store on a file system that is too small. Needs the right to mount a tmpfs.
@Suite(.timeLimit(.minutes(1)))
struct FullStoreTests {
    private static let canMount: Bool = {
        let directory = TemporaryDirectory()
        guard mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0 else { return false }
        return umount2(directory.path, Int32(MNT_DETACH)) == 0
    }()

    @Test(.enabled(if: canMount), arguments: [true, false])
    func `a full store is an error of its own kind, leaves nothing, and works when there is space`(
        _ isResumable: Bool
    ) throws {
        let directory = TemporaryDirectory()
        #expect(mount("tmpfs", directory.path, "tmpfs", 0, "size=3m") == 0)
        defer { umount2(directory.path, Int32(MNT_DETACH)) }
        do {
            let fixture = try StoreFixture(at: directory("store"))
            let archive = LayerUnpackerTests.large
            let unpacker = LayerUnpacker(store: fixture.store)
            func unpack() throws {
                let source = TestSource(archive.blobBytes)
                try unpacker.unpack(archive.blob, diffID: archive.diffID, from: source, isResumable: isResumable)
            }
            let error = #expect(throws: LayerError.self) { try unpack() }
            #expect(error?.kind == .storeFull)
            #expect(error?.description.contains("imgfs prune") == true)
            #expect(fixture.leftovers.isEmpty)
            #expect(fixture.layers.isEmpty)
            #expect(mount("tmpfs", directory.path, "tmpfs", UInt(MS_REMOUNT), "size=32m") == 0)
            try unpack()
            #expect(fixture.layers.count == 1)
        }
    }
}
