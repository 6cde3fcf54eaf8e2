import FoundationEssentials
import OCI
import TestSupport
import Testing

struct ReferenceTests {
    static let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test(arguments: [
        ("redis", "docker.io/library/redis:latest", "redis:latest"),
        ("redis:7", "docker.io/library/redis:7", "redis:7"),
        ("library/redis", "docker.io/library/redis:latest", "redis:latest"),
        ("docker.io/redis", "docker.io/library/redis:latest", "redis:latest"),
        ("docker.io/library/redis", "docker.io/library/redis:latest", "redis:latest"),
        ("index.docker.io/redis", "docker.io/library/redis:latest", "redis:latest"),
        ("bitnami/redis:7.2", "docker.io/bitnami/redis:7.2", "bitnami/redis:7.2"),
        ("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
        ("localhost/redis", "localhost/redis:latest", "localhost/redis:latest"),
        ("localhost:5000/redis", "localhost:5000/redis:latest", "localhost:5000/redis:latest"),
        ("localhost:5000", "docker.io/library/localhost:5000", "localhost:5000"),
        ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1"),
        ("Host/redis", "Host/redis:latest", "Host/redis:latest"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000/x:latest", "127.0.0.1:5000/x:latest"),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
        ("[2001:db8::1]/x/y:1", "[2001:db8::1]/x/y:1", "[2001:db8::1]/x/y:1"),
        ("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest"),
        ("docker.io/localhost/c", "docker.io/localhost/c:latest", "docker.io/localhost/c:latest"),
        ("a__b/c-d/e.f/g---h_i", "docker.io/a__b/c-d/e.f/g---h_i:latest", "a__b/c-d/e.f/g---h_i:latest"),
        ("redis:_x.Y-Z", "docker.io/library/redis:_x.Y-Z", "redis:_x.Y-Z"),
        ("redis@" + digest, "docker.io/library/redis@" + digest, "redis@" + digest),
        ("redis:7@" + digest, "docker.io/library/redis:7@" + digest, "redis:7@" + digest),
        ("a.example:443/b@" + digest, "a.example:443/b@" + digest, "a.example:443/b@" + digest),
    ])
    func `references have one canonical and one familiar form`(text: String, canonical: String, familiar: String) throws
    {
        let reference = try Reference(parsing: text)
        #expect(reference.description == canonical)
        #expect(reference.familiar == familiar)
        #expect(try Reference(parsing: canonical) == reference)
        #expect(try Reference(parsing: familiar) == reference)
    }

    @Test func `the parts of a reference`() throws {
        let reference = try Reference(parsing: "localhost:5000/team/redis:7@" + Self.digest)
        #expect(reference.registry == "localhost:5000")
        #expect(reference.host == "localhost")
        #expect(reference.repository == "team/redis")
        #expect(reference.tag == "7")
        #expect(reference.digest?.description == Self.digest)
    }

    @Test func `the digest decides, and without one the tag does`() throws {
        #expect(try Reference(parsing: "redis:7@" + Self.digest).manifestIdentifier == Self.digest)
        #expect(try Reference(parsing: "redis:7").manifestIdentifier == "7")
        #expect(try Reference(parsing: "redis@" + Self.digest).tag == nil)
    }

    @Test(
        arguments: [
            ("", .empty),
            (String(repeating: "a", count: 64), .identifier),
            ("Redis", .upperCase("Redis")),
            ("a/B", .upperCase("B")),
            ("REDIS/", .pathComponent("")),
            ("/redis", .pathComponent("")),
            ("a//b", .pathComponent("")),
            ("a/", .pathComponent("")),
            ("redis:", .tag("")),
            ("redis:-x", .tag("-x")),
            ("redis:a:b", .tag("a:b")),
            ("redis:.x", .tag(".x")),
            ("redis:" + String(repeating: "a", count: 129), .tag(String(repeating: "a", count: 129))),
            ("redis@", .digest(.malformed(""))),
            ("redis@sha256:abc", .digest(.malformed("sha256:abc"))),
            ("redis@" + digest + ":7", .digest(.malformed(digest + ":7"))),
            ("a..b", .pathComponent("a..b")),
            ("a___b", .pathComponent("a___b")),
            ("a.-b", .pathComponent("a.-b")),
            ("-a", .pathComponent("-a")),
            ("a-", .pathComponent("a-")),
            ("a b", .pathComponent("a b")),
            ("redis\n", .pathComponent("redis\n")),
            ("é", .pathComponent("é")),
            ("::1/x", .registry("::1")),
            ("[::1/x", .registry("[::1")),
            ("[]:1/x", .registry("[]:1")),
            ("[fe80::1%eth0]/x", .registry("[fe80::1%eth0]")),
            ("[::1]x/y", .registry("[::1]x")),
            ("host:/x", .registry("host:")),
            ("host:5a/x", .registry("host:5a")),
            ("a..b/x", .registry("a..b")),
            (".a/x", .registry(".a")),
            ("-a.b/x", .registry("-a.b")),
            ("a_b.c/x", .registry("a_b.c")),
            ("user@a.b/x", .registry("user@a.b")),
            ("https://a.b/x", .registry("https:")),
            (String(repeating: "a", count: 248) + "/bcdefgh", .repositoryTooLong(byteCount: 256)),
            (String(repeating: "a", count: 248), .repositoryTooLong(byteCount: 256)),
        ] as [(String, Reference.ParseError.Problem)])
    func `what is not a reference is refused with the reason`(text: String, problem: Reference.ParseError.Problem) {
        let error = #expect(throws: Reference.ParseError.self) { try Reference(parsing: text) }
        #expect(error?.problem == problem)
        #expect(error?.text == text)
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("is not an image reference: ") == true)
    }

    @Test func `the longest names are allowed`() throws {
        let tag = String(repeating: "t", count: 128)
        let name = String(repeating: "a", count: 255)
        #expect(try Reference(parsing: "host.example/\(name):\(tag)").tag == tag)
    }

    @Test func `an unsupported digest algorithm is not the user's mistake`() {
        let text = "redis@sha512:" + String(repeating: "a", count: 128)
        let error = #expect(throws: Reference.ParseError.self) { try Reference(parsing: text) }
        #expect(error?.kind == .unsupported)
    }

    @Test(arguments: [
        ("localhost/x", true), ("localhost:5000/x", true), ("127.0.0.1/x", true), ("127.9.8.7:1/x", true),
        ("[::1]/x", true), ("[::1]:5000/x", true), ("[0:0:0:0:0:0:0:1]/x", true), ("[0000::0001]/x", true),
        ("redis", false), ("localhost.example/x", false), ("127.0.0.1.example/x", false), ("128.0.0.1/x", false),
        ("127.0.0.256/x", false), ("127.1/x", false), ("[::2]/x", false), ("[::11]/x", false), ("[1::1]/x", false),
        ("[1::]/x", false), ("[::ffff:1]/x", false), ("[:1]/x", false),
    ])
    func `a registry on this machine is recognised`(text: String, isLoopback: Bool) throws {
        #expect(try Reference(parsing: text).isLoopback == isLoopback)
    }

    @Test func `a reference is a text in JSON`() throws {
        let reference = try Reference(parsing: "redis:7")
        let bytes = try JSONEncoder().encode([reference])
        #expect(String(decoding: bytes, as: UTF8.self) == #"["docker.io\/library\/redis:7"]"#)
        #expect(try JSONDecoder().decode([Reference].self, from: bytes) == [reference])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Reference].self, from: Data(#"["Redis"]"#.utf8))
        }
    }

    @Test func `errors show no control characters and no endless texts`() {
        let text = "a\u{1b}[31m" + String(repeating: "b", count: 100_000)
        let error = #expect(throws: Reference.ParseError.self) { try Reference(parsing: text) }
        #expect((error?.description.utf8.count ?? .max) < 1000)
        #expect(error?.description.contains("\u{1b}") == false)
    }

    @Test func `whatever parses is stable, whatever does not is explained`() throws {
        var generator = SeededGenerator(seed: 1)
        let seeds = [
            "docker.io/library/redis:latest", "localhost:5000/a/b_c:1.0", "[2001:db8::1]:443/x@" + Self.digest,
            "a.example/x/y-z__q:tag@" + Self.digest,
        ].map { Array($0.utf8) }
        let fragments = ["/", ":", "@", "..", "__", "localhost/", "[::1]/", "A", "\u{0}", "é", ":5000/", "@sha256:"]
            .map { Array($0.utf8) }
        var parsed: [Reference] = []
        for _ in 0..<5000 {
            let seed = seeds.randomElement(using: &generator) ?? []
            let text = String(decoding: seed.mutated(using: &generator, fragments: fragments), as: UTF8.self)
            do throws(Reference.ParseError) {
                let reference = try Reference(parsing: text)
                parsed.append(reference)
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        for reference in parsed {
            #expect(try Reference(parsing: reference.description) == reference)
            #expect(try Reference(parsing: reference.familiar) == reference)
        }
        #expect(parsed.count > 100)
    }
}
