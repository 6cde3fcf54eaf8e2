import Testing

@testable import Command

struct AskedOptionsTests {
    static let fstab = """
        # redis /mnt fuse.imgfs suid 0 0
        redis:7   /mnt        fuse.imgfs  ro,suid,_netdev        0 0
        redis:7\t/mnt2\tfuse.imgfs\tdefaults\t0\t0
        oci:/a\\040b  /my\\040mnt/  fuse.imgfs  dev,nosuid  0 0
        short line
        """

    static let rows: [(String, String, String, String)] = [
        ("mount -t fuse.imgfs redis:7 /mnt", "redis:7", "/mnt", ""),
        ("mount -t fuse.imgfs -o suid,dev redis:7 /mnt", "redis:7", "/mnt", "suid,dev"),
        ("mount -o ro,suid -osuid,nosuid,dev redis:7 /mnt", "redis:7", "/mnt", "suid,suid,nosuid,dev"),
        ("mount --options suid redis:7 /mnt", "redis:7", "/mnt", "suid"),
        ("mount --options=dev --types=fuse.imgfs redis:7 /mnt", "redis:7", "/mnt", "dev"),
        ("mount -vo suid --source redis:7 --target /mnt", "redis:7", "/mnt", "suid"),
        ("mount /mnt", "redis:7", "/mnt", "suid"),
        ("mount /mnt -o nosuid,dev", "redis:7", "/mnt", "suid,nosuid,dev"),
        ("mount -a", "redis:7", "/mnt", "suid"),
        ("mount -a -t fuse.imgfs", "redis:7", "/mnt2", ""),
        ("mount -a", "oci:/a b", "/my mnt", "dev,nosuid"),
        ("mount -a", "redis:8", "/mnt", ""),
        ("mount -a -T /other", "redis:7", "/mnt", ""),
        ("mount -o", "redis:7", "/mnt2", ""),
        ("mount", "redis:7", "/mnt", "suid"),
    ]

    @Test(arguments: rows)
    func `suid and dev are found in what mount(8) was told`(
        _ row: (line: String, source: String, target: String, expected: String)
    ) {
        let asked = AskedOptions.asked(
            commandLine: row.line.split(separator: " ").map(String.init) + [""], source: row.source, target: row.target
        ) { path in path == "/etc/fstab" ? Self.fstab : nil }
        #expect(asked == row.expected)
    }

    @Test func `A parent that is not mount(8) is not asked`() {
        #expect(AskedOptions.ofParent(source: "redis:7", target: "/mnt") == "")
    }
}
