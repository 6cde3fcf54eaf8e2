import CCurl
import Glibc

/// Why a transfer did not come to its end.
struct TransportError: Error, Equatable {
    enum Cause: Equatable {
        case hostNotFound
        case refused
        case connectTimeout
        /// Not a byte for the idle timeout.
        case stalled
        /// The connection was closed or reset in mid-transfer.
        case reset
        /// The body ended before Content-Length bytes.
        case truncated
        /// No TLS connection comes about, for another reason than the certificate.
        case tls
        case certificate
        case proxy
        /// What came back is not HTTP/1.1.
        case notHTTP
        /// Plain HTTP was answered with the advice to use HTTPS.
        case wantsTLS
        case headTooLarge
        /// A redirect that leads nowhere, in circles, too far, or from https to http.
        case redirect
        /// `RegistryClient.shutdown` was called.
        case stopped
        case other
    }

    var cause: Cause
    /// libcurl's words, without URL and secrets.
    var detail: String

    /// `connected` says whether the request was under way, `systemError` is libcurl's CURLINFO_OS_ERRNO.
    init(code: CURLcode, connected: Bool, systemError: Int, detail: String) {
        // "Couldn't connect to server" does not say why; the system knows.
        let reason = code == CURLE_COULDNT_CONNECT && systemError != 0 ? Int32(truncatingIfNeeded: systemError) : 0
        self.detail = reason == 0 ? detail : String(cString: strerror(reason)).lowercased()
        cause =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST: .hostNotFound
            case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxy
            case CURLE_COULDNT_CONNECT: systemError == Int(ETIMEDOUT) ? .connectTimeout : .refused
            case CURLE_OPERATION_TIMEDOUT: connected ? .stalled : .connectTimeout
            case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING: .reset
            case CURLE_PARTIAL_FILE: .truncated
            case CURLE_SSL_CONNECT_ERROR: .tls
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR: .certificate
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: .notHTTP
            case CURLE_ABORTED_BY_CALLBACK: .stopped
            default: .other
            }
    }

    init(_ cause: Cause, detail: String) {
        self.cause = cause
        self.detail = detail
    }
}
