import Testing

@testable import Command

struct ImagePathTests {
    @Test(arguments: [
        ("redis:/etc/passwd", "redis", "etc/passwd", false),
        ("redis:7:/etc//passwd", "redis:7", "etc/passwd", false),
        ("localhost:5000/x/y:1:/a", "localhost:5000/x/y:1", "a", false),
        ("oci:/srv/image:/a", "oci:/srv/image", "a", false),
        ("oci:/srv/image:tag:/a/b/", "oci:/srv/image:tag", "a/b", false),
        ("oci:relative:/a/.", "oci:relative", "a", true),
        ("docker-archive:/f.tar:localhost:5000/x:1:/a", "docker-archive:/f.tar:localhost:5000/x:1", "a", false),
        ("chain:sha256:00:/a/./b", "chain:sha256:00", "a/b", false),
        ("redis:/", "redis", "", true),
        ("redis:/a:/b", "redis", "a:/b", false),
        ("redis:/../a", "redis", "../a", false),
    ])
    func `A path follows the source`(_ text: String, _ source: String, _ path: String, _ contents: Bool) throws {
        let parsed = try ImagePath(parsing: text)
        #expect(parsed.source == source)
        #expect(parsed.path == path)
        #expect(parsed.meansContents == contents)
    }

    @Test(arguments: ["redis", "redis:7", "redis:etc/passwd", "", ":/a", "oci:/srv/image", "oci:/srv/image:tag"])
    func `Without a path there is nothing to copy`(_ text: String) {
        #expect(throws: CommandFailure.self) { try ImagePath(parsing: text) }
    }
}
