import Control
import Testing

@testable import Command

struct SourceTextTests {
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
