import Glibc

@testable import Registry

/// A file that is gone with the last use of this value.
final class TemporaryFile: Sendable {
    let path: String

    struct SetupError: Error { var code: Int32 }

    init(_ text: String, mode: mode_t = 0o600) throws {
        var template = Array("/tmp/imgfs-registry-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SetupError(code: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fchmod(descriptor, mode) == 0 else {
            throw SetupError(code: errno)
        }
        close(descriptor)
    }

    deinit { unlink(path) }

    /// This file as `authfile=`.
    var source: CredentialSource { CredentialSource(authFile: path, userID: geteuid(), home: nil) }
}
