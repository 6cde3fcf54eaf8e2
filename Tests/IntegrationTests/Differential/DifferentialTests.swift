import Glibc
import Testing

/// Random images through imgfs, umoci and the kernel's overlayfs: every field and byte has to be the same.
///
/// `make differential COUNT=… SEED=…` runs more of them, or one again.
@Suite(.serialized)
struct DifferentialTests {
    private static func variable(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func `random layer stacks look as umoci and overlayfs make them`() throws {
        let first = Self.variable("IMGFS_DIFFERENTIAL_SEED") ?? 1
        let count = Self.variable("IMGFS_DIFFERENTIAL_COUNT") ?? 2000
        print("differential: \(count) stacks from seed \(first)")
        // On tmpfs, as all else here: a disk would only make it slower.
        let directory = try TestDirectory()
        let store = try directory.makeDirectory("store")
        try check(mount("imgfs-test", store, "tmpfs", 0, "mode=755"), "mount", store)
        defer { umount2(store, Int32(MNT_DETACH)) }
        let installation = try Installation(store: store + "/store")
        try installation.startDaemon()
        var (overlays, unpacked, failures) = (0, 0, 0)
        for seed in first..<first + count {
            let stack = StackGenerator.stack(seed: seed)
            var lines: [String]
            do { lines = try ComparedStack(stack).differences(installation) } catch {
                lines =
                    ["\(error)"]
                    + installation.daemonLog.split(separator: "\n").filter { $0.contains(" error ") }.suffix(1).map(
                        String.init)
            }
            if stack.overlayDiffers == nil { overlays += 1 }
            if stack.umociDiffers == nil { unpacked += 1 }
            if lines.isEmpty { continue }
            if lines.count > 30 { lines = lines.prefix(30) + ["… \(lines.count - 30) lines more"] }
            Issue.record(
                "make differential COUNT=1 SEED=\(seed)\n\(stack)\n\(lines.joined(separator: "\n"))")
            failures += 1
            // More of the same would not help.
            if failures == 5 { break }
        }
        print("differential: \(overlays) compared with overlayfs, \(unpacked) with umoci, \(failures) differ")
        if count >= 100, failures == 0 { #expect(overlays > Int(count) / 2 && unpacked > Int(count) / 2) }
    }
}
