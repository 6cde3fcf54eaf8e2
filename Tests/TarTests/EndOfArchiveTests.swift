import Tar
import Testing

@Suite struct EndOfArchiveTests {
    static let zeros = [UInt8](repeating: 0, count: 512)

    static func member(_ name: String, content: String = "content") -> [UInt8] {
        var builder = TarBuilder()
        builder.add(name, content: content)
        return builder.bytes
    }

    struct Case: CustomTestStringConvertible {
        var what: String
        var bytes: [UInt8]
        var names: [String]
        var reason: TarError.Reason?
        var offset: UInt64 = 0

        var testDescription: String { what }
    }

    static let garbage = [UInt8](repeating: 0x67, count: 1000)
    static let extendedHeader: [UInt8] = {
        var builder = TarBuilder()
        builder.addPAX([("path", "p")])
        return builder.bytes
    }()

    @Test(arguments: [
        Case(what: "no bytes", bytes: [], names: []),
        Case(what: "two zero blocks", bytes: zeros + zeros, names: []),
        Case(what: "one zero block", bytes: zeros, names: []),
        Case(what: "many zero blocks", bytes: [UInt8](repeating: 0, count: 10240), names: []),
        Case(what: "no end blocks", bytes: member("a"), names: ["a"]),
        Case(what: "no padding", bytes: Array(member("a").prefix(519)), names: ["a"]),
        Case(what: "one end block", bytes: member("a") + zeros, names: ["a"]),
        Case(what: "one end block and a part", bytes: member("a") + zeros + garbage.prefix(9), names: ["a"]),
        Case(what: "garbage behind", bytes: member("a") + zeros + zeros + garbage, names: ["a"]),
        Case(what: "archive behind", bytes: member("a") + zeros + zeros + member("b") + zeros + zeros, names: ["a"]),
        Case(what: "extended header, then the end", bytes: extendedHeader + zeros + zeros, names: []),
        Case(
            what: "lone zero block", bytes: member("a") + zeros + member("b"), names: ["a"], reason: .loneZeroBlock,
            offset: 1536),
        Case(
            what: "lone zero block at the start", bytes: zeros + member("b"), names: [], reason: .loneZeroBlock,
            offset: 512),
        Case(what: "text", bytes: garbage, names: [], reason: .notAnArchive),
        Case(what: "short text", bytes: Array(garbage.prefix(99)), names: [], reason: .notAnArchive),
        Case(
            what: "garbage for a header", bytes: member("a") + garbage, names: ["a"], reason: .badChecksum, offset: 1024
        ),
        Case(
            what: "cut in a header", bytes: member("a") + member("b").prefix(300), names: ["a"],
            reason: .truncatedHeader, offset: 1324),
        Case(
            what: "cut in content", bytes: Array(member("a").prefix(515)), names: ["a"],
            reason: .truncatedContent(missingByteCount: 4), offset: 515),
        Case(
            what: "cut before content", bytes: Array(member("a").prefix(512)), names: ["a"],
            reason: .truncatedContent(missingByteCount: 7), offset: 512),
        Case(
            what: "cut in an extended header", bytes: Array(extendedHeader.prefix(515)), names: [],
            reason: .truncatedHeader, offset: 515),
        Case(
            what: "cut behind an extended header", bytes: extendedHeader, names: [], reason: .truncatedHeader,
            offset: 1024),
        Case(
            what: "cut in an extended header's padding", bytes: Array(extendedHeader.prefix(1000)), names: [],
            reason: .truncatedHeader, offset: 1000),
    ])
    func `An archive ends as it should, or says where it does not`(testCase: Case) {
        let result = parse(testCase.bytes)
        #expect(result.entries.map(\.name) == testCase.names, "\(testCase.what)")
        #expect(result.error == testCase.reason.map { TarError($0, at: testCase.offset) }, "\(testCase.what)")
    }

    @Test func `Content that may be missing is missing or whole`() {
        let archive = TarBuilder.build {
            $0.add("link", type: "1", [.link("target")], content: [UInt8](repeating: 0x78, count: 700))
        }
        #expect(parse(Array(archive.prefix(512))).error == nil)
        #expect(parse(Array(archive.prefix(600))).error?.reason == .truncatedContent(missingByteCount: 612))
        #expect(parse(Array(archive.prefix(1100))).error?.reason == .truncatedContent(missingByteCount: 112))
        #expect(parse(Array(archive.prefix(1212))).error == nil)
    }

    @Test func `Every prefix of an archive is fine or an error, with the members that are whole`() {
        let archive = TarBuilder.build(.gnu) {
            $0.addPAX([("path", "one")])
            $0.add("x", content: "12345")
            $0.addLongName("two")
            $0.add("x", type: "1", [.link("one")])
        }
        for byteCount in stride(from: 0, through: archive.count, by: 9) {
            let result = parse(Array(archive.prefix(byteCount)), pieceByteCount: 100)
            #expect(
                result.entries.map(\.name)
                    == (byteCount >= 3072 + 512 ? ["one", "two"] : byteCount >= 1536 ? ["one"] : []))
        }
    }

    @Test func `After an error every call has it again`() throws {
        var parser = TarParser()
        let garbage = Self.garbage
        let error = TarError(.notAnArchive, at: 0)
        for _ in 0..<2 {
            #expect(throws: error) { try garbage.withUnsafeBytes { try parser.push($0) { _ in } } }
        }
        #expect(throws: error) { try parser.finish() }
    }

    struct Stop: Error, Equatable {}

    @Test func `What the receiver of entries throws comes out`() {
        var parser = TarParser()
        let archive = TarBuilder.build { $0.add("a") }
        #expect(throws: Stop()) { try archive.withUnsafeBytes { try parser.push($0) { _ in throw Stop() } } }
    }
}
