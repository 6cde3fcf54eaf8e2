import Control
import FoundationEssentials
import OCI

@testable import Control
@testable import Registry

/// A text as every kind of name. A reference that was read must be read the same again when it was written.
@Sendable func fuzzReferences(_ input: UnsafeRawBufferPointer) {
    let text = input.text
    if let reference = try? Reference(parsing: text) {
        for form in [reference.description, reference.familiar] {
            precondition((try? Reference(parsing: form)) == reference, "'\(form)' is another reference")
        }
    }
    if let source = try? Source(parsing: text) {
        precondition((try? Source(parsing: source.description)) == source, "'\(source)' is another source")
    }
    if let digest = try? Digest(parsing: text) {
        precondition((try? Digest(parsing: digest.description)) == digest, "'\(digest)' is another digest")
    }
    if let platform = try? Platform(parsing: text) {
        precondition((try? Platform(parsing: platform.description)) == platform, "'\(platform)' is another platform")
    }
}

/// Header fields of a registry or token server.
@Sendable func fuzzChallenges(_ input: UnsafeRawBufferPointer) {
    let text = input.text
    for challenge in AuthenticationChallenge.parse([text, text]) {
        precondition(challenge.scheme == challenge.scheme.lowercased() && !challenge.scheme.isEmpty, "no scheme")
    }
    if let seconds = RetryAfter.seconds(text, now: 1e9) { precondition(seconds >= 0, "a wait that is over") }
    if let range = ContentRange(text) { precondition(range.bytes != nil || range.total != nil, "an empty range") }
    if let url = HTTPURL(text) {
        precondition(url.target.first == "/" && !url.origin.host.isEmpty, "a URL without a path or host")
        precondition(HTTPURL(url.text) == url, "'\(url.text)' is another URL")
        _ = url.following(String(text.reversed()))?.description
    }
    if let token = AccessToken(response: Array(input)) {
        precondition(token.usableSeconds > 0 && token.value.utf8.allSatisfy { $0 > 0x20 }, "a token that cannot be")
        _ = token.description
    }
}

@Sendable func fuzzAuthFile(_ input: UnsafeRawBufferPointer) {
    do throws(CredentialError) {
        let file = try AuthFile(Array(input), path: "auth.json")
        for (registry, repository) in [("docker.io", "library/redis"), ("localhost:5000", "a/b/c"), ("", "")] {
            _ = try file.matches(registry: registry, repository: repository).count
        }
    } catch {
        precondition(!error.description.isEmpty, "an error says nothing")
    }
}

/// Bytes from a client of the control socket, in two pieces. A request that was read must be read the same again.
@Sendable func fuzzControl(_ input: UnsafeRawBufferPointer) {
    guard let first = input.first else { return }
    let stream = input.after(1)
    var lines = LineBuffer()
    let cut = min(Int(first), stream.count)
    do {
        for piece in [UnsafeRawBufferPointer(rebasing: stream[..<cut]), stream.after(cut)] {
            try lines.append(piece)
            while let line = lines.next() {
                precondition(!line.contains(UInt8(ascii: "\n")), "two lines in one")
                guard let request = try? ControlCoding.decode(ControlRequest.self, from: line) else { continue }
                let again = try ControlCoding.decode(
                    ControlRequest.self, from: Array(ControlCoding.line(request).dropLast()))
                precondition(again == request, "a request changes when it is written and read")
            }
        }
    } catch {
        precondition(error as? ControlError == .lineTooLong, "a request cannot be written and read: \(error)")
    }
}
