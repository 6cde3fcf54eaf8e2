import Glibc
import OCI
import Testing

/// The store as a power failure would leave it: the disk at one moment, without what was only in memory.
@Suite(.serialized)
struct PowerFailureTests {
    private static let copyCount = 3

    /// In both modes names reach the disk each second. Contents follow file by file: until then a file is empty in the
    /// first mode, and has its size but whatever was on the disk before in the second one.
    @Test(arguments: ["commit=1", "commit=1,nodelalloc,data=writeback"])
    func `a disk that lost power at any moment of a pull is opened, and nothing wrong is seen`(
        mountOptions: String
    ) throws {
        let remote = try RemoteImage(scripts: [
            "head -c 3000000 /dev/urandom >a; sha256sum a >a.sum",
            "head -c 12000000 /dev/urandom >b; sha256sum b >b.sum",
        ])
        // The first layer is published after about one second, the second one after three; within five they are synced.
        remote.proxy.limit(bytesPerSecond: 4_000_000)
        let disk = try TestDisk(mountOptions: mountOptions)
        defer { disk.unmount() }
        let installation = try Installation(store: disk.mountPoint + "/imgfs")
        try installation.startDaemon()
        let pull = try Child([Installation.binary, "pull", remote.reference], environment: installation.environment)

        let start = now()
        let moments = (0..<Self.copyCount).map { _ in Double.random(in: 0...6.5) }.sorted()
        var copies: [(path: String, fetched: Int)] = []
        for moment in moments {
            usleep(useconds_t(max(0, start + moment - now()) * 1e6))
            try disk.writeBackSomeFiles()
            let fetched = remote.layerRequests.reduce(0) { $0 + $1.byteCount }
            copies.append((try disk.copy(named: "copy\(copies.count)"), fetched))
        }
        let outcome = pull.wait()
        #expect(outcome.succeeded, "\(outcome.text)")
        installation.stopDaemon()

        remote.proxy.limit(bytesPerSecond: nil)
        let bootID = installation.directory.path("boot_id")
        for (number, copy) in copies.enumerated() {
            try write("00000000-1111-2222-3333-44444444444\(number)\n", to: bootID)
            try output("mount", "--bind", bootID, "/proc/sys/kernel/random/boot_id")
            defer { umount2("/proc/sys/kernel/random/boot_id", Int32(MNT_DETACH)) }
            try checkStore(onDisk: copy.path, of: remote, "copied when \(copy.fetched) bytes were fetched")
        }
    }

    /// Opens the store on a copy of the disk as the first daemon after a reboot does.
    private func checkStore(onDisk copy: String, of remote: RemoteImage, _ circumstances: String) throws {
        let check = try run("e2fsck", "-p", copy)
        // Recovered and mended, if need be.
        #expect(check.status <= 2, "\(circumstances): \(check.text)")
        let directory = try TestDirectory()
        try output("mount", "-o", "loop", copy, directory.path)
        defer { umount2(directory.path, Int32(MNT_DETACH)) }

        let installation = try Installation(store: directory.path + "/imgfs")
        try installation.startDaemon()
        // First of all, so that nothing is found and taken away before it is wanted.
        let target = try installation.mount(remote.reference)
        let sums = try run("sh", "-c", "cd '\(target)' && sha256sum -c a.sum b.sum")
        #expect(sums.succeeded, "\(circumstances): \(sums.text)\n\(installation.daemonLog)")
        let verify = try installation.imgfs("verify")
        #expect(verify.succeeded, "\(circumstances): \(verify.text)\n\(installation.daemonLog)")
        #expect(try installation.stored("staging").isEmpty, "\(circumstances)")
        #expect(try installation.stored("blobs/sha256").allSatisfy { !$0.hasSuffix(".partial") }, "\(circumstances)")
        #expect(try installation.storedLayers == Set(remote.image.layers.map(\.diffID.hex)), "\(circumstances)")
        #expect(try installation.stored("trees/sha256").count == 1, "\(circumstances)")
        try installation.unmount(target)
        installation.stopDaemon()
    }
}

/// A small disk with a mounted ext4 that can be copied as it is at one moment.
///
/// The disk is a file on a file system of its own. While that one is frozen nothing reaches the disk, and a copy of the
/// file is what the disk would hold if the power failed: the ext4 on it knows nothing of this and flushes nothing.
private final class TestDisk {
    let mountPoint: String
    private let directory: TestDirectory
    private let carrier: String

    init(mountOptions: String) throws {
        directory = try TestDirectory()
        carrier = try directory.makeDirectory("carrier")
        mountPoint = try directory.makeDirectory("mounted")
        try shell(
            """
            mount -t tmpfs -o mode=700 imgfs-disk '\(carrier)'
            mkdir '\(carrier)/outer'
            truncate -s 160M '\(carrier)/outer.img'
            mkfs.ext4 -q -F -O ^has_journal '\(carrier)/outer.img'
            mount -o loop,noatime '\(carrier)/outer.img' '\(carrier)/outer'
            truncate -s 128M '\(carrier)/outer/disk'
            mkfs.ext4 -q -F -O has_journal '\(carrier)/outer/disk'
            mount -o 'loop,\(mountOptions)' '\(carrier)/outer/disk' '\(mountPoint)'
            """)
    }

    func unmount() {
        for path in [mountPoint, carrier + "/outer", carrier] { umount2(path, Int32(MNT_DETACH)) }
    }

    /// Brings the contents of about every other file to the disk, as the kernel may at any moment and in any order.
    func writeBackSomeFiles() throws {
        // Files come and go meanwhile: find may miss some and say so.
        let files = try run("find", mountPoint + "/imgfs", "-type", "f").output.split(separator: "\n")
        for file in files where Bool.random() {
            let descriptor = open(String(file), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            fdatasync(descriptor)
            close(descriptor)
        }
    }

    /// Returns the path of a file with the disk's present contents.
    func copy(named name: String) throws -> String {
        let copy = "\(carrier)/\(name)"
        try shell(
            """
            fsfreeze --freeze '\(carrier)/outer'
            trap "fsfreeze --unfreeze '\(carrier)/outer'" EXIT
            cp --sparse=always '\(carrier)/outer/disk' '\(copy)'
            """)
        return copy
    }
}
