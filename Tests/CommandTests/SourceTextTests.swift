import Control
import Testing

@testable import Command

struct SourceTextTests {
    @Test(arguments: [254, 255, 256, 257, 400, 5000])
    func `the table of mounts shows both ends of a source that is too long for it`(_ count: Int) {
        for unit in ["x", "\u{e9}", "\u{20ac}", "\u{1f600}"] {
            let source = String(repeating: unit, count: count / unit.utf8.count) + "@end"
            let shown = SourceText.mountSource(source)
            if source.utf8.count <= 255 {
                #expect(shown == source)
            } else {
                #expect(shown.utf8.count <= 255 && shown.utf8.count > 245)
                #expect(shown.hasPrefix(unit) && shown.hasSuffix(unit + "@end"))
                #expect(shown.contains("...") && !shown.contains("\u{fffd}"))
            }
        }
    }

    @Test(arguments: [
        ("redis:7", "/w", "redis:7"), ("oci:a", "/w", "oci:/w/a"), ("oci:a:tag", "/w/", "oci:/w/a:tag"),
        ("oci:/a", "/w", "oci:/a"), ("oci:", "/w", "oci:"),
        ("docker-archive:a.tar:r:1", "/", "docker-archive:/a.tar:r:1"),
        ("docker-archive:../a", "/w", "docker-archive:/w/../a"), ("ocix:a", "/w", "ocix:a"),
        ("chain:sha256:00", "/w", "chain:sha256:00"),
    ])
    func `Paths become absolute, names stay`(_ source: String, _ directory: String, _ expected: String) {
        #expect(SourceText.absolute(source, workingDirectory: directory) == expected)
    }

    @Test func `The environment says where credentials are, and nothing else`() {
        let request = SourceText.request(
            "redis", platform: nil, pull: .missing, insecure: false, authfile: "/a.json",
            environment: [
                "HOME": "/root", "REGISTRY_AUTH_FILE": "/r.json", "XDG_RUNTIME_DIR": "", "DOCKER_CONFIG": "/d",
                "SECRET": "hunter2",
            ])
        #expect(
            request.credentials
                == CredentialEnvironment(
                    authfile: "/a.json", registryAuthFile: "/r.json", runtimeDirectory: nil,
                    dockerConfigDirectory: "/d", homeDirectory: "/root"))
        #expect(!JSONText.line(request).contains("hunter2"))
    }
}
