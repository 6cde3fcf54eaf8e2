import Testing

@testable import OCI

struct SourceTests {
    static let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func `the four kinds of sources`() throws {
        let reference = try Reference(parsing: "localhost:5000/redis:7")
        #expect(try Source(parsing: "localhost:5000/redis:7") == .registry(reference))
        #expect(try Source(parsing: "oci:/a/b") == .layout(path: "/a/b", tag: nil))
        #expect(
            try Source(parsing: "docker-archive:a.tar:localhost:5000/redis:7")
                == .dockerArchive(path: "a.tar", reference: reference))
        #expect(try Source(parsing: "chain:" + Self.digest) == .chain(Digest(parsing: Self.digest)))
    }

    @Test(
        arguments: [
            ("oci:a", "a", nil), ("oci:a:b", "a", "b"), ("oci:a:b:c", "a:b", "c"), ("oci:a:b/", "a:b/", nil),
            ("oci:a:", "a:", nil), ("oci:/a:1/b", "/a:1/b", nil), ("oci:/a b:1.0", "/a b", "1.0"), ("oci:.", ".", nil),
        ] as [(String, String, String?)])
    func `the tag of a layout is what follows the last colon`(text: String, path: String, tag: String?) throws {
        #expect(try Source(parsing: text) == .layout(path: path, tag: tag))
    }

    @Test(arguments: [
        "redis", "oci:/a/b", "oci:/a/b:c", "oci:a:b/", "docker-archive:/a.tar", "docker-archive:/a.tar:redis:7",
        "chain:" + digest, "docker.io/library/oci:latest",
    ])
    func `the canonical form reads back`(text: String) throws {
        let source = try Source(parsing: text)
        #expect(try Source(parsing: source.description) == source)
    }

    @Test func `a path that ends like a tag keeps its slash`() {
        #expect(Source.layout(path: "/a:b", tag: nil).description == "oci:/a:b/")
    }

    @Test(
        arguments: [
            ("oci:", .noPath), ("oci::x", .noPath), ("docker-archive:", .noPath), ("docker-archive::redis", .noPath),
            ("oci:a\0b", .zeroByte), ("docker-archive:a\0b", .zeroByte), ("chain:abc", .chain(.malformed("abc"))),
            ("chain:", .chain(.malformed(""))),
            ("Redis", .reference(Reference.ParseError(text: "Redis", problem: .upperCase("Redis")))),
            ("docker-archive:a:B", .reference(Reference.ParseError(text: "B", problem: .upperCase("B")))),
        ] as [(String, Source.ParseError.Problem)])
    func `what names no source is refused`(text: String, problem: Source.ParseError.Problem) {
        let error = #expect(throws: Source.ParseError.self) { try Source(parsing: text) }
        #expect(error?.problem == problem)
        #expect(error?.kind == .usage)
        #expect(error?.description.isEmpty == false)
    }

    @Test func `paths are made absolute, everything else stays`() throws {
        #expect(Source.layout(path: "a/b", tag: "t").absolute(in: "/w") == .layout(path: "/w/a/b", tag: "t"))
        #expect(Source.layout(path: "a", tag: nil).absolute(in: "/") == .layout(path: "/a", tag: nil))
        #expect(
            Source.dockerArchive(path: "/a", reference: nil).absolute(in: "/w")
                == .dockerArchive(path: "/a", reference: nil))
        let registry = try Source(parsing: "redis")
        #expect(registry.absolute(in: "/w") == registry)
    }
}
