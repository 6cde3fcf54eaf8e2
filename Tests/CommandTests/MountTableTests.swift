import Testing

@testable import Command

struct MountTableTests {
    static let text = """
        21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
        97 21 0:52 / /mnt ro,nosuid,nodev,relatime shared:3 master:1 - fuse.imgfs localhost:5000/redis:latest ro,user_id=0
        98 97 0:53 / /mnt ro,relatime - fuse.imgfs other ro
        99 21 0:54 / /my\\040mnt\\134\\011x ro - fuse.imgfs oci:/a\\040b ro
        100 21 0:55 / /odd\\04 ro - tmpfs tmpfs rw
        broken line
        101 21 0:56 / /nohyphen ro tmpfs tmpfs rw more words

        """

    @Test func `Lines are read with any number of optional fields`() {
        let table = MountTable(parsing: Self.text)
        #expect(table.entries.map(\.mountID) == [21, 97, 98, 99, 100])
        #expect(table.entries.map(\.type) == ["ext4", "fuse.imgfs", "fuse.imgfs", "fuse.imgfs", "tmpfs"])
        #expect(table.entries[1].source == "localhost:5000/redis:latest")
    }

    @Test func `The top-most mount counts`() {
        let table = MountTable(parsing: Self.text)
        #expect(table.topMost(at: "/mnt")?.source == "other")
        #expect(table.topMost(at: "/mnt/") == nil)
        #expect(table.topMost(at: "/nohyphen") == nil)
    }

    @Test func `Escapes are undone`() {
        let table = MountTable(parsing: Self.text)
        #expect(table.topMost(at: "/my mnt\\\tx")?.source == "oci:/a b")
        #expect(table.topMost(at: "/odd\\04") != nil)
        #expect(MountTableEntry.unescaped("a\\303\\244") == "aä")
        #expect(MountTableEntry.unescaped("\\") == "\\")
    }

    @Test func `The own table can be read`() throws {
        let table = MountTable(parsing: try #require(ProcessFiles.text("/proc/self/mountinfo")))
        #expect(table.topMost(at: "/") != nil)
    }

    @Test func `Any text is survived`() {
        var state: UInt64 = 42
        let alphabet = Array(" -\\0123/ab:,\n\t")
        for _ in 0..<2_000 {
            var text = ""
            for _ in 0..<60 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            _ = MountTable(parsing: text)
            _ = MountTableEntry.unescaped(text)
            var options = MountOptions()
            try? options.apply(text, sloppy: true)
            _ = AskedOptions.asked(
                commandLine: text.split(separator: " ").map(String.init), source: "a", target: "/b"
            ) { _ in text }
        }
    }
}
