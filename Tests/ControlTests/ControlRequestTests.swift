import Content
import FoundationEssentials
import OCI
import Testing

@testable import Control

struct ControlRequestTests {
    static let source = SourceRequest(
        source: "redis:7", platform: "linux/arm64", pull: .always, insecure: true,
        credentials: CredentialEnvironment(authfile: "/etc/auth.json", homeDirectory: "/root"))

    static let requests: [ControlRequest] = [
        .mount(MountRequest(image: source, sourceName: "redis:7", target: "/mnt")),
        .attached(MountReport(id: 7, target: MountTarget(path: "/mnt", mountNamespace: 1, mountID: 2))),
        .pull(PullRequest(image: source)), .images, .mounts, .inspect(source), .status, .waits,
        .remove(RemoveRequest(source: "redis:7")), .prune(PruneRequest(all: true)), .verify,
        .stop(StopRequest(force: true)),
    ]

    @Test(arguments: requests)
    func `A request comes back as it was sent, in one line`(_ request: ControlRequest) throws {
        let line = try ControlCoding.line(request)
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(line.count { $0 == UInt8(ascii: "\n") } == 1)
        #expect(try ControlCoding.decode(ControlRequest.self, from: line) == request)
    }

    @Test func `A request looks as docs/cli.md says`() throws {
        let line = String(
            decoding: try ControlCoding.line(ControlRequest.prune(PruneRequest(all: true))), as: UTF8.self)
        #expect(line == #"{"arguments":{"all":true},"protocol":1,"request":"prune"}"# + "\n")
        #expect(
            String(decoding: try ControlCoding.line(ControlRequest.images), as: UTF8.self)
                == #"{"protocol":1,"request":"images"}"# + "\n")
    }

    @Test func `A client of another protocol version is told so`() {
        #expect(throws: ControlError.protocolMismatch(peerVersion: 99)) {
            try ControlCoding.decode(
                ControlRequest.self, from: Array(#"{"protocol":99,"request":"newer"}"#.utf8))
        }
    }

    @Test(arguments: ["", "{}", "[]", "nonsense", #"{"protocol":1}"#, #"{"protocol":1,"request":"fly"}"#, "\u{0}"])
    func `What is no request is refused`(_ text: String) {
        #expect(throws: (any Error).self) { try ControlCoding.decode(ControlRequest.self, from: Array(text.utf8)) }
    }

    @Test(arguments: [
        #"null"#, #"true"#, #"-3"#, #"1.5"#, #""text""#, #"[1,"a",null]"#, #"{"a":{"b":[]},"c":false}"#,
    ])
    func `Any JSON passes through unchanged`(_ text: String) throws {
        let value = try ControlCoding.decode(JSONValue.self, from: Array(text.utf8))
        #expect(String(decoding: try ControlCoding.line(value).dropLast(), as: UTF8.self) == text)
    }

    @Test func `Pull events are told apart by their key`() throws {
        let digest = SHA256.digest(of: [])
        let progress = LayerProgress(
            position: 1, digest: digest, state: .fetching, fetchedByteCount: 10, byteCount: 20, unpackedByteCount: 30)
        let image = ImageSummary(
            name: "a", platform: "linux/amd64", rootDigest: digest, manifestDigest: digest, configDigest: digest,
            chainID: digest, layers: [])
        for event in [PullEvent.resolved(image), .layer(progress)] {
            #expect(try ControlCoding.decode(PullEvent.self, from: ControlCoding.line(event)) == event)
        }
    }
}
