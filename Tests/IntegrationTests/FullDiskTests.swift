import Glibc
import Testing

/// The store on a small ext4 that fills up.
@Suite(.serialized)
struct FullDiskTests {
    @Test func `a full disk is ENOSPC for the reader, and the next access works when there is space again`() throws {
        let directory = try TestDirectory()
        let store = try directory.makeDirectory("store")
        try shell(
            """
            truncate -s 64M '\(directory.path)/disk'
            mkfs.ext4 -q -F '\(directory.path)/disk'
            mount -o loop '\(directory.path)/disk' '\(store)'
            """)
        defer { umount2(store, Int32(MNT_DETACH)) }
        let small = try TestImage(scripts: ["echo small >file"])
        let big = try TestImage(scripts: ["head -c 30000000 /dev/urandom >file"])
        let installation = try Installation(store: store + "/imgfs")
        try installation.startDaemon()
        let smallTarget = try installation.mount(small.source)
        #expect(try output("cat", smallTarget + "/file") == "small\n")

        try shell("head -c 40000000 /dev/zero >'\(store)/filler'")
        let bigTarget = try installation.mount(big.source)
        let list = try run("ls", bigTarget)
        #expect(list.errors.contains("No space left on device"), "\(list.text) \(installation.daemonLog)")
        #expect(try output("cat", smallTarget + "/file") == "small\n")
        #expect(try installation.storedLayers.count == 1)
        #expect(try installation.stored("staging").isEmpty)

        try output("rm", store + "/filler")
        #expect(try eventually { try run("ls", bigTarget).succeeded })
        #expect(try installation.imgfs("verify").succeeded)
        installation.stopDaemon()
    }
}
