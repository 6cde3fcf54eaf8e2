import FoundationEssentials
import Glibc
import OCI

/// What a failed exchange means and how it is told.
enum FailureText {
    /// The transfer of `url` did not come to its end.
    static func failure(_ error: TransportError, of url: HTTPURL, subject: String) -> AttemptFailure {
        let origin = url.origin
        switch error.cause {
        case .hostNotFound:
            return AttemptFailure(
                .unreachable, subject, "cannot find the host '\(origin.host)': check the name and the network", .once)
        case .refused:
            return AttemptFailure(
                .unreachable, subject, "cannot connect to \(origin): \(error.detail)", .retry())
        case .connectTimeout:
            return AttemptFailure(
                .unreachable, subject, "\(origin) does not answer: \(error.detail)", .retry())
        case .stalled:
            return AttemptFailure(.unreachable, subject, "\(origin) stopped sending: \(error.detail)", .retry())
        case .reset, .truncated:
            return AttemptFailure(.unreachable, subject, "\(origin) broke off: \(error.detail)", .retry())
        case .tls:
            return AttemptFailure(
                .unreachable, subject,
                "no TLS connection to \(origin): \(error.detail). If this registry speaks plain HTTP and you trust the "
                    + "network, use the option insecure")
        case .certificate:
            return AttemptFailure(
                .denied, subject,
                "the certificate of \(origin) is not valid: \(error.detail). Add its CA to the system's certificates, "
                    + "or use the option insecure")
        case .proxy:
            return AttemptFailure(
                .unreachable, subject, "no way through the proxy to \(origin): \(error.detail)", .once)
        case .notHTTP, .wantsTLS, .headTooLarge:
            return AttemptFailure(.invalid, subject, "\(origin) does not answer as a registry does: \(error.detail)")
        case .redirect:
            return AttemptFailure(.invalid, subject, error.detail)
        case .stopped:
            return AttemptFailure(.cancelled, subject, "given up: \(error.detail)")
        case .other:
            return AttemptFailure(.unreachable, subject, "\(origin): \(error.detail)", .retry())
        }
    }

    /// `url` answered with a status that is no success.
    static func failure(
        _ head: HTTPResponseHead, body: [UInt8], of url: HTTPURL, subject: String, missing: String
    ) -> AttemptFailure {
        let said = ErrorBody.summary(body).map { " (\($0))" } ?? ""
        let origin = url.origin
        switch head.status {
        case 401, 403:
            return AttemptFailure(.denied, subject, "\(origin) refuses access (\(head.status))\(said)")
        case 404, 410:
            return AttemptFailure(.notFound, subject, "not found: \(missing)\(said)")
        case 429:
            return AttemptFailure(
                .unreachable, subject, "\(origin) answers too many requests (429)\(said): try later, or log in",
                .retry(afterSeconds: retryAfter(head)))
        case 451:
            return AttemptFailure(.denied, subject, "\(origin) may not give it out for legal reasons (451)\(said)")
        case 408, 500...599:
            return AttemptFailure(
                .unreachable, subject, "\(origin) answers with an error of its own (\(head.status))\(said)",
                .retry(afterSeconds: retryAfter(head)))
        case 400 where origin.scheme == .http && wantsTLS(body):
            return AttemptFailure(.invalid, subject, "\(origin) speaks HTTPS, not plain HTTP")
        default:
            return AttemptFailure(.invalid, subject, "\(origin) answers with status \(head.status)\(said)")
        }
    }

    /// Whether a plain-HTTP answer with status 400 says that the port wants TLS: Go's servers and nginx do so.
    static func wantsTLS(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(1024), as: UTF8.self)
        return text.contains("HTTP request to an HTTPS server") || text.contains("HTTP request was sent to HTTPS port")
    }

    private static func retryAfter(_ head: HTTPResponseHead) -> Double? {
        head.value("retry-after").flatMap { RetryAfter.seconds($0, now: Double(time(nil))) }
    }
}

/// The error document of the distribution specification: `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"…"}]}`.
enum ErrorBody {
    static let maximumBytes = 64 * 1024

    private struct Contents: Decodable {
        struct Failure: Decodable {
            var code: String?
            var message: String?
        }
        var errors: [Failure]?
        /// Token servers: a code of RFC 6749, 5.2, or a text.
        var error: String?
        var errorDescription: String?
        var details: String?

        enum CodingKeys: String, CodingKey {
            case errors, error, details
            case errorDescription = "error_description"
        }
    }

    /// The first error in one line; nil for anything else.
    static func summary(_ body: [UInt8]) -> String? {
        guard let contents = try? JSONDecoder().decode(Contents.self, from: Data(body)) else { return nil }
        let first = contents.errors?.first
        let words = [first?.code ?? contents.error, first?.message ?? contents.errorDescription ?? contents.details]
        let text = words.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: ": ")
        return text.isEmpty ? nil : displayable(text, maximum: 200)
    }
}
