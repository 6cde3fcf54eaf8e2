import Tar
import Testing

@Suite struct ExtendedAttributeTests {
    func attributes(_ records: [([UInt8], [UInt8])]) throws -> [TarEntry.ExtendedAttribute] {
        let archive = TarBuilder.build {
            $0.addPAX(records)
            $0.add("n")
        }
        return try entry(archive).extendedAttributes
    }

    func attribute(_ name: String, _ value: [UInt8]) -> TarEntry.ExtendedAttribute {
        .init(name: Array(name.utf8), value: value)
    }

    @Test func `SCHILY values are raw bytes`() throws {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 10, 61, 0, 0, 0, 0, 0, 0]
        let attributes = try attributes([
            (Array("SCHILY.xattr.security.capability".utf8), capability),
            (Array("SCHILY.xattr.user.empty".utf8), []),
            (Array("SCHILY.xattr.user.\u{e4} b".utf8), [0xff]),
        ])
        #expect(
            attributes == [
                attribute("security.capability", capability), attribute("user.empty", []),
                attribute("user.\u{e4} b", [0xff]),
            ])
    }

    @Test(arguments: [
        ("user.a", "", ""), ("user.a", "aGk", "hi"), ("user.a", "aGk=", "hi"), ("user.a", "aGkh", "hi!"),
        ("user.a%3Db%25%c3%a4", "aA", "h"),
    ])
    func `LIBARCHIVE names are URL-encoded, values base64`(name: String, value: String, decoded: String) throws {
        let attributes = try attributes([(Array("LIBARCHIVE.xattr.\(name)".utf8), Array(value.utf8))])
        let decodedName = name == "user.a" ? name : "user.a=b%\u{e4}"
        #expect(attributes == [attribute(decodedName, Array(decoded.utf8))])
    }

    @Test func `One attribute in both spellings is there once`() throws {
        let attributes = try attributes([
            (Array("SCHILY.xattr.user.a".utf8), Array("hi".utf8)),
            (Array("LIBARCHIVE.xattr.user.a".utf8), Array("aGk=".utf8)),
            (Array("LIBARCHIVE.creationtime".utf8), Array("1.5".utf8)),
        ])
        #expect(attributes == [attribute("user.a", Array("hi".utf8))])
    }

    @Test(arguments: [
        ("SCHILY.xattr.", "v"), ("LIBARCHIVE.xattr.", "aGk"), ("LIBARCHIVE.xattr.user.a", "a"),
        ("LIBARCHIVE.xattr.user.a", "a*aa"), ("LIBARCHIVE.xattr.user.%", "aGk"), ("LIBARCHIVE.xattr.user.%3", "aGk"),
        ("LIBARCHIVE.xattr.user.%zz", "aGk"), ("LIBARCHIVE.xattr.user.%00", "aGk"),
    ])
    func `Malformed attributes are refused`(keyword: String, value: String) {
        let archive = TarBuilder.build {
            $0.addPAX([(keyword, value)])
            $0.add("n")
        }
        #expect(parse(archive).error?.reason == .malformedExtendedAttribute)
    }
}
