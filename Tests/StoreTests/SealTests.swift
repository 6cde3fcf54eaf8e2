import Testing

@testable import Store

struct SealTests {
    static let epoch = WriteEpoch(bootID: "b0e5-1", device: 65_024, mountID: .max)
    static let seals = [
        Seal(kind: .layer, files: [], writing: .synced),
        Seal(kind: .tree, files: [Seal.File(name: "tree", byteCount: 0)], writing: .during(epoch)),
        Seal(
            kind: .layer,
            files: [Seal.File(name: "index", byteCount: 1), Seal.File(name: "data", byteCount: .max)],
            writing: .during(epoch)),
    ]

    @Test(arguments: seals) func `a seal is read as it was written`(seal: Seal) {
        #expect(Seal(parsing: Array(seal.text.utf8)) == seal)
    }

    @Test func `a seal looks like this`() {
        #expect(
            Self.seals[2].text == """
                imgfs layer 1
                file data 9223372036854775807
                file index 1
                written b0e5-1 65024 18446744073709551615

                """)
    }

    @Test(arguments: seals) func `no shorter text is a seal`(seal: Seal) {
        let text = Array(seal.text.utf8)
        for count in 0..<text.count { #expect(Seal(parsing: Array(text[..<count])) == nil) }
    }

    @Test(arguments: [
        "", "\n", "imgfs layer 1\n", "imgfs layer 2\nsynced\n", "imgfs blob 1\nsynced\n", "imgfs layer 1\nsynced\n\n",
        "imgfs layer 1\nfile data -1\nsynced\n", "imgfs layer 1\nfile ../data 1\nsynced\n",
        "imgfs layer 1\nfile  1\nsynced\n", "imgfs layer 1\nfile data 99999999999999999999\nsynced\n",
        "imgfs layer 1\nwritten x 1\n", "imgfs layer 1\nwritten  1 1\n", "imgfs layer 1\nsynced",
        "\u{0}\u{0}\u{0}\u{0}",
    ])
    func `anything else is no seal`(text: String) {
        #expect(Seal(parsing: Array(text.utf8)) == nil)
    }
}
