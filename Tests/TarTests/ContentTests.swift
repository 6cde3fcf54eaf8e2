import Tar
import Testing

/// How content between headers is skipped. Where readers disagree, a member can be smuggled past one of them.
@Suite struct ContentTests {
    /// A whole member, to be hidden in another one's content.
    static let smuggled: [UInt8] = {
        var builder = TarBuilder()
        builder.add("smuggled", content: "evil")
        return builder.bytes
    }()

    @Test(arguments: [0, 1, 511, 512, 513, 1024, 5000])
    func `Content is where the extent says`(byteCount: Int) {
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let archive = TarBuilder.build {
            $0.add("a", content: content)
            $0.add("b", content: "b")
        }
        let entries = entries(archive)
        #expect(entries.map(\.name) == ["a", "b"])
        #expect(entries.first?.content(in: archive) == content)
        #expect(entries.first?.extents.count == (byteCount == 0 ? 0 : 1))
        #expect(entries.last?.text(in: archive) == "b")
    }

    @Test func `A PAX size says where the next header is, not the size in the header block`() {
        let archive = TarBuilder.build {
            $0.addPAX([("size", "1024")])
            $0.add("outer", [.size(0)], content: Self.smuggled)
            $0.add("after", content: "after")
        }
        let entries = entries(archive)
        #expect(entries.map(\.name) == ["outer", "after"])
        #expect(entries.first?.content(in: archive) == Self.smuggled)
    }

    @Test func `A PAX size of 0 wins over the header block, too`() {
        let archive = TarBuilder.build {
            $0.addPAX([("size", "0")])
            $0.addHeader([.name("empty"), .size(1024)])
            $0.add("first", content: "1")
            $0.add("second", content: "2")
        }
        let entries = entries(archive)
        #expect(entries.map(\.name) == ["empty", "first", "second"])
        #expect(entries.map(\.size) == [0, 1, 1])
    }

    @Test func `An empty PAX size leaves the header block's`() {
        let archive = TarBuilder.build {
            $0.addPAX([("size", "")])
            $0.add("a", content: "12345")
            $0.add("b")
        }
        #expect(entries(archive).map(\.size) == [5, 0])
    }

    @Test func `A global size holds for all members`() {
        let archive = TarBuilder.build {
            $0.addPAX([("size", "600")], type: "g")
            $0.add("a", [.size(0)], content: [UInt8](repeating: 1, count: 600))
            $0.addPAX([("size", "1")])
            $0.add("b", [.size(0)], content: "b")
        }
        #expect(entries(archive).map(\.size) == [600, 1])
    }

    @Test func `The PAX size of one member does not reach its extended headers`() {
        let archive = TarBuilder.build(.gnu) {
            $0.addPAX([("size", "3")])
            $0.addLongName("long")
            $0.add("n", [.size(0)], content: "abc")
            $0.add("b")
        }
        #expect(entries(archive).map(\.name) == ["long", "b"])
        #expect(entries(archive).first?.text(in: archive) == "abc")
    }

    @Test(arguments: ["1", "2", "3", "4", "5", "6"] as [Character])
    func `Members without content may have a size in the header block`(flag: Character) {
        for size: UInt64 in [1, 5, 512, 4096] {
            let archive = TarBuilder.build {
                $0.addHeader([.name("x"), .link("target"), .size(size)], type: flag)
                $0.add("after", content: "after")
            }
            let entries = entries(archive)
            #expect(entries.map(\.name) == ["x", "after"])
            #expect(entries.map(\.size) == [0, 5])
            #expect(entries.map(\.extents.count) == [0, 1])
        }
    }

    @Test(arguments: ["1", "2", "3", "4", "5", "6"] as [Character])
    func `Members without content may have one all the same`(flag: Character) {
        for byteCount in [1, 5, 512, 513, 4096] {
            let archive = TarBuilder.build {
                $0.add("x", type: flag, [.link("target")], content: [UInt8](repeating: 0x78, count: byteCount))
                $0.add("after", content: "after")
            }
            let entries = entries(archive)
            #expect(entries.map(\.name) == ["x", "after"])
            #expect(entries.last?.text(in: archive) == "after")
        }
    }

    @Test func `A file that its name makes a directory has content by its type flag`() {
        let names = ["\0", "0"].map { (flag: Character) in
            let archive = TarBuilder.build(.v7) {
                $0.add("d/", type: flag, content: Self.smuggled)
                $0.add("after")
            }
            return entries(archive).map(\.name)
        }
        #expect(names == [["d/", "smuggled", "after"], ["d/", "after"]])
        let archive = TarBuilder.build(.v7) {
            $0.add("d/", type: "\0", content: "text")
            $0.add("after")
        }
        #expect(entries(archive).map(\.name) == ["d/", "after"])
    }

    @Test func `A member without content at the end may have a size`() {
        let archive = TarBuilder.build { $0.addHeader([.name("d"), .size(4096)], type: "5") }
        #expect(entries(archive).map(\.name) == ["d"])
        #expect(entries(Array(archive.prefix(512))).map(\.name) == ["d"])
    }

    @Test func `The content of a link with a PAX size is skipped, whatever it looks like`() {
        let archive = TarBuilder.build {
            $0.addPAX([("size", "\(Self.smuggled.count)")])
            $0.add("link", type: "1", [.link("target"), .size(0)], content: Self.smuggled)
            $0.add("after")
        }
        #expect(entries(archive).map(\.name) == ["link", "after"])
    }

    @Test func `Directories with names as content and files with a slash keep their content to themselves`() {
        let archive = TarBuilder.build(.gnu) {
            $0.add("dump/", type: "D", content: Self.smuggled)
            $0.add("slash/", type: "0", content: Self.smuggled)
            $0.add("after")
        }
        let entries = entries(archive)
        #expect(entries.map(\.name) == ["dump/", "slash/", "after"])
        #expect(entries.map(\.size) == [0, 0, 0])
    }

    @Test(arguments: ["V", "M"] as [Character])
    func `A PAX size holds for members that are not shown, too`(flag: Character) {
        let archive = TarBuilder.build(.gnu) {
            $0.addPAX([("size", "\(Self.smuggled.count)")])
            $0.add("label", type: flag, [.size(0)], content: Self.smuggled)
            $0.add("after")
        }
        #expect(entries(archive).map(\.name) == ["after"])
    }
}
