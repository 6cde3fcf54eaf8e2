import Tar
import Testing

@Suite struct DialectTests {
    @Test(arguments: [TarBuilder.Dialect.v7, .ustar, .gnu, .star])
    func `Every dialect has the same first fields`(dialect: TarBuilder.Dialect) throws {
        let archive = TarBuilder.build(dialect) {
            $0.add(
                "a/b", [.mode(0o104755), .userID(1000), .groupID(100), .mtime(1_700_000_000)], content: "hello")
        }
        let entry = try entry(archive)
        #expect(entry.kind == .regular)
        #expect(entry.name == "a/b")
        #expect(entry.mode == 0o4755)
        #expect(entry.userID == 1000)
        #expect(entry.groupID == 100)
        #expect(entry.modificationSeconds == 1_700_000_000)
        #expect(entry.modificationNanoseconds == 0)
        #expect(entry.size == 5)
        #expect(entry.extents == [.init(fileOffset: 0, archiveOffset: 512, length: 5)])
        #expect(entry.headerOffset == 0)
    }
}
