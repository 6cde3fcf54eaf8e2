import Content
import Testing

@testable import OCI

struct PlatformTests {
    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"), ("linux/x86-64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"), ("linux/amd64/3", "linux/amd64/v3"), ("amd64", "linux/amd64"),
        ("aarch64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"), ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v9.2", "linux/arm64/v9.2"), ("linux/arm", "linux/arm/v7"), ("linux/arm/6", "linux/arm/v6"),
        ("armhf", "linux/arm/v7"), ("armel", "linux/arm/v6"), ("linux/armv6l", "linux/arm/v6"),
        ("i386", "linux/386"), ("linux/i686", "linux/386"), ("Linux/AMD64/V2", "linux/amd64/v2"),
        ("macOS/arm64", "darwin/arm64"), ("riscv64", "linux/riscv64"), ("linux/loongarch64", "linux/loong64"),
        ("windows/amd64", "windows/amd64"),
    ])
    func `platforms have one normal form`(text: String, normal: String) throws {
        let platform = try Platform(parsing: text)
        #expect(platform.description == normal)
        #expect(platform.normalized == platform)
        #expect(try Platform(parsing: normal) == platform)
    }

    @Test(arguments: ["", "/", "linux/", "/amd64", "linux", "linux/a/b/c", "pdp11", "linux/amd64/", "linux/am d64"])
    func `what is not a platform is refused`(text: String) {
        #expect(throws: Platform.ParseError(text: text)) { try Platform(parsing: text) }
    }

    @Test(
        arguments: [
            // wanted, offered, chosen
            ("amd64", "linux/arm64 linux/amd64 linux/386", "linux/amd64"),
            ("amd64", "linux/arm64 linux/386", "linux/386"),
            ("amd64", "linux/amd64/v3 linux/amd64/v2 linux/amd64/v1", "linux/amd64/v1"),
            ("amd64", "linux/amd64/v2", nil),
            ("linux/amd64/v3", "linux/amd64 linux/amd64/v2 linux/amd64/v4", "linux/amd64/v2"),
            ("linux/amd64/v4", "linux/386 linux/amd64", "linux/amd64"),
            ("amd64", "windows/amd64 darwin/amd64", nil),
            ("386", "linux/amd64", nil),
            ("arm64", "linux/arm/v7 linux/arm64/v8", "linux/arm64/v8"),
            ("arm64", "linux/arm/v5 linux/arm/v6", "linux/arm/v6"),
            ("arm64", "linux/arm64/v8.2", nil),
            ("linux/arm64/v8.2", "linux/arm64/v8.3 linux/arm64/v8.1 linux/arm64", "linux/arm64/v8.1"),
            ("linux/arm64/v9.1", "linux/arm64/v8.7 linux/arm64/v8.6 linux/arm64/v8.5", "linux/arm64/v8.6"),
            ("linux/arm64/v9", "linux/arm64/v9.1 linux/arm64 linux/arm64/v8.5", "linux/arm64/v8.5"),
            ("linux/arm/v7", "linux/arm/v5 linux/arm/v6", "linux/arm/v6"),
            ("linux/arm/v6", "linux/arm/v7 linux/arm/v5", "linux/arm/v5"),
            ("linux/arm/v6", "linux/arm", nil),
            ("linux/arm/v5", "linux/arm/v6", nil),
            ("s390x", "linux/amd64 linux/s390x", "linux/s390x"),
            ("amd64", "unknown/unknown", nil),
            ("amd64", "", nil),
            ("linux/amd64/v999999999999999999999", "linux/amd64", nil),
        ] as [(String, String, String?)])
    func `the best platform is chosen`(wanted: String, offered: String, chosen: String?) throws {
        let descriptors = offered.split(separator: " ").map { text in
            let parts = text.split(separator: "/").map(String.init)
            return Descriptor(
                mediaType: MediaType.manifest, digest: SHA256.digest(of: Array(text.utf8)), size: 1,
                platform: Platform(os: parts[0], architecture: parts[1], variant: parts.count > 2 ? parts[2] : nil))
        }
        #expect(try Platform(parsing: wanted).best(of: descriptors)?.platform?.description == chosen)
    }

    @Test func `the first of equals is chosen`() throws {
        let platform = Platform(os: "linux", architecture: "amd64")
        let descriptors = (0..<3).map {
            Descriptor(mediaType: "", digest: SHA256.digest(of: [UInt8($0)]), size: 1, platform: platform)
        }
        #expect(platform.best(of: descriptors) == descriptors[0])
    }

    @Test func `attestations are skipped even under a real platform`() {
        let platform = Platform(os: "linux", architecture: "amd64")
        let attestation = Descriptor(
            mediaType: MediaType.manifest, digest: SHA256.digest(of: []), size: 1, platform: platform,
            annotations: ["vnd.docker.reference.type": "attestation-manifest"])
        #expect(platform.best(of: [attestation]) == nil)
    }

    @Test func `this machine is Linux on a known architecture`() throws {
        #expect(Platform.host.os == "linux")
        #expect(try Platform(parsing: Platform.host.architecture).architecture == Platform.host.architecture)
    }
}
