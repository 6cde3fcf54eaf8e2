import FoundationEssentials
import Testing

/// What the fuzzers found, and the inputs that reach the most code: see docs/security.md.
struct CorpusTests {
    private static let directory = String(#filePath.dropLast("CorpusTests.swift".count)) + "Corpus/"

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `every input of the corpus does no harm`(_ name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory + name)
        #expect(!files.isEmpty)
        for file in files.sorted() {
            let bytes = try Data(contentsOf: URL(filePath: Self.directory + name + "/" + file))
            [UInt8](bytes).withUnsafeBytes { target.run($0) }
        }
    }

    @Test func `no input does no harm`() {
        for target in FuzzTarget.all { target.run(UnsafeRawBufferPointer(start: nil, count: 0)) }
    }
}
