import Content
import Control
import OCI
import Testing

@testable import Command

struct OutputTests {
    static let digest = SHA256.digest(of: [])

    static let image = ImageSummary(
        name: "docker.io/library/redis:7", platform: "linux/amd64", rootDigest: digest, manifestDigest: digest,
        configDigest: digest, chainID: digest,
        layers: [
            LayerSummary(
                digest: digest, mediaType: "m", byteCount: 12_345_678, diffID: digest, chainID: digest,
                unpackedByteCount: 34_567_890),
            LayerSummary(digest: digest, mediaType: "m", byteCount: 999, diffID: digest, chainID: digest),
        ])

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (57_400_000, "57.4 MB"), (99_949, "99.9 kB"), (99_950, "100 kB"),
        (348_900_000, "349 MB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (1_079_800_000, "1.1 GB"),
        (9_223_372_036_854_775_807, "9.2 EB"),
    ])
    func `Sizes are readable`(_ count: Int64, _ text: String) { #expect(Quantity.bytes(count) == text) }

    @Test(arguments: [
        (-5, "0 s"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d"),
    ])
    func `Times are readable`(_ seconds: Int64, _ text: String) {
        #expect(Quantity.duration(seconds: seconds) == text)
    }

    @Test func `images prints a table`() {
        let images = [
            ImageRecord(
                name: "docker.io/library/redis:7", familiarName: "redis:7", platform: "linux/amd64",
                rootDigest: Self.digest, manifestDigest: Self.digest, chainID: Self.digest, layerCount: 6,
                storedLayerCount: 6, byteCount: 57_400_000, storedByteCount: 142_800_000, resolvedAtSeconds: 1000),
            ImageRecord(
                name: "oci:/srv/a:b", familiarName: "oci:/srv/a:b", platform: "linux/arm64/v8",
                rootDigest: Self.digest, manifestDigest: Self.digest, chainID: Self.digest, layerCount: 12,
                storedLayerCount: 0, byteCount: 5, storedByteCount: 0, resolvedAtSeconds: 4000),
        ]
        #expect(
            ImagesCommand.text(images, now: 4060) == """
                IMAGE         PLATFORM        DIGEST        LAYERS     SIZE  STORED  RESOLVED
                redis:7       linux/amd64     e3b0c44298fc     6/6  57.4 MB  143 MB  51 min ago
                oci:/srv/a:b  linux/arm64/v8  e3b0c44298fc    0/12      5 B     0 B  60 s ago
                """)
        #expect(ImagesCommand.text([], now: 0) == "IMAGE  PLATFORM  DIGEST  LAYERS  SIZE  STORED  RESOLVED")
    }

    static let mount = MountRecord(
        source: "redis:7", name: "docker.io/library/redis:7", platform: "linux/amd64", manifestDigest: digest,
        chainID: digest, state: .unpacking,
        targets: [
            MountTarget(path: "/mnt", mountNamespace: 1, mountID: 97),
            MountTarget(path: "/gone", mountNamespace: 1, mountID: 98),
            MountTarget(path: "/elsewhere", mountNamespace: 2, mountID: 99),
        ], waitingReaderCount: 3, mountedAtSeconds: 0)

    @Test func `mounts prints a line for each target`() {
        var failed = Self.mount
        failed.state = .failed
        failed.failure = "registry down"
        failed.targets = []
        failed.waitingReaderCount = 0
        #expect(
            MountsCommand.text([Self.mount, failed], namespace: 1, now: 10) == """
                TARGET        SOURCE   STATE                  PLATFORM     DIGEST        MOUNTED
                /mnt          redis:7  unpacking (3 wait)     linux/amd64  e3b0c44298fc  10 s ago
                /gone         redis:7  unpacking (3 wait)     linux/amd64  e3b0c44298fc  10 s ago
                [/elsewhere]  redis:7  unpacking (3 wait)     linux/amd64  e3b0c44298fc  10 s ago
                -             redis:7  failed: registry down  linux/amd64  e3b0c44298fc  10 s ago
                """)
    }

    @Test func `mounts leaves out what was unmounted here`() {
        let table = MountTable(
            parsing: """
                97 21 0:52 / /mnt ro - fuse.imgfs redis:7 ro
                150 21 0:60 / /gone ro - tmpfs tmpfs rw
                """)
        #expect(
            MountsCommand.current(Self.mount, namespace: 1, table: table).targets.map(\.path)
                == ["/mnt", "/elsewhere"])
        #expect(MountsCommand.current(Self.mount, namespace: 1, table: nil).targets.count == 3)
    }

    @Test func `inspect prints digests, config and layers`() throws {
        let config = JSONValue.object([
            "created": .string("2026-01-02T03:04:05Z"),
            "config": .object([
                "User": .string("redis"), "Cmd": .array([.string("redis-server")]), "Env": .array([]),
                "Labels": .null,
            ]),
        ])
        #expect(
            InspectCommand.text(ImageInspection(image: Self.image, config: config)) == """
                Name:     docker.io/library/redis:7
                Platform: linux/amd64
                Digest:   \(Self.digest)
                Manifest: \(Self.digest)
                Config:   \(Self.digest)
                Chain ID: \(Self.digest)
                Created:  2026-01-02T03:04:05Z
                User:     redis
                Cmd:      ["redis-server"]

                LAYER     SIZE  UNPACKED  DIGEST        DIFF ID       CHAIN ID
                    1  12.3 MB   34.6 MB  e3b0c44298fc  e3b0c44298fc  e3b0c44298fc
                    2    999 B         -  e3b0c44298fc  e3b0c44298fc  e3b0c44298fc
                """)
    }

    @Test func `status prints the store and the downloads`() {
        let status = DaemonStatus(
            version: "1.0", processID: 7, root: "/var/lib/imgfs", socketPath: "/run/imgfs/control.sock",
            startedAtSeconds: 0,
            keeper: KeeperStatus(kind: .keeper, processID: 40, deathCount: 2),
            store: StoreSummary(
                imageCount: 1, layerCount: 2, treeCount: 3, layerByteCount: 4000, treeByteCount: 500,
                partialByteCount: 0, freeByteCount: 1_000_000_000),
            mountCount: 4, waitingReaderCount: 5,
            downloads: [
                DownloadRecord(
                    digest: Self.digest, image: "redis:7", fetchedByteCount: 1_000_000, byteCount: 2_000_000,
                    unpackedByteCount: 3_000_000, startedAtSeconds: 50)
            ])
        #expect(
            StatusCommand.text(status, now: 60) == """
                Daemon:          imgfs 1.0, process 7
                Keeper:          process 40, 2 daemons died
                Running for:     60 s
                Socket:          /run/imgfs/control.sock
                Store:           /var/lib/imgfs, 1.0 GB free
                Images:          1
                Layers:          2, 4.0 kB
                Trees:           3, 500 B
                Partial blobs:   0 B
                Mounts:          4
                Waiting readers: 5
                Downloads:       1

                LAYER         IMAGE    FETCHED    SIZE  UNPACKED  SINCE
                e3b0c44298fc  redis:7   1.0 MB  2.0 MB    3.0 MB   10 s
                """)
    }

    @Test func `status --waits prints who holds what`() {
        #expect(
            StatusCommand.text([
                WaitRecord(rank: "layer", key: "sha256:00", holder: "pull redis:7", heldSeconds: 1.7, waiterCount: 19)
            ]) == """
                RANK   KEY        WAITERS  HELD FOR  BY
                layer  sha256:00       19       1 s  pull redis:7
                """)
    }

    @Test func `prune and verify print one line`() {
        #expect(
            PruneCommand.text(
                PruneResult(images: ["a"], layers: [Self.digest], trees: [], freedByteCount: 1_500_000))
                == "forgot a\nremoved 1 layer and 0 trees, 1.5 MB freed")
        #expect(
            VerifyCommand.text(VerifyResult(objectCount: 9, byteCount: 1000, problems: []))
                == "9 objects with 1.0 kB checked: all right")
        #expect(
            VerifyCommand.text(
                VerifyResult(objectCount: 9, byteCount: 1000, problems: [VerifyEvent(object: "x", problem: "y")]))
                == "9 objects with 1.0 kB checked: 1 damaged")
    }
}
