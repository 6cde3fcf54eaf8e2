import CCurl
import Glibc

/// One libcurl easy handle with its own connection, DNS and TLS session caches.
///
/// Handles share nothing, so no lock of libcurl is ever contended; a handle is reused for the origin that it was last
/// used for, and brings its open connection along.
// @unchecked: used by one thread at a time. `CurlHandlePool` hands it out and takes it back.
final class CurlHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>

    init() {
        CurlLibrary.start()
        guard let pointer = curl_easy_init() else { fatalError("libcurl cannot make a handle: out of memory") }
        self.pointer = pointer
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(pointer)
        errorText.deallocate()
    }

    /// Back to default options; connections and caches stay.
    func reset() {
        curl_easy_reset(pointer)
        errorText[0] = 0
        imgfs_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
    }

    func set(_ option: CURLoption, _ value: Int) {
        let code = imgfs_curl_set_long(pointer, option, value)
        precondition(code == CURLE_OK, "libcurl knows option \(option.rawValue)")
    }

    /// libcurl keeps a copy of `value`.
    func set(_ option: CURLoption, _ value: String) {
        let code = imgfs_curl_set_string(pointer, option, value)
        precondition(code == CURLE_OK, "libcurl knows option \(option.rawValue)")
    }

    /// Of the present or last transfer: how long it took until the request could be sent; 0 before that.
    var connectSeconds: Double {
        var microseconds: curl_off_t = 0
        imgfs_curl_get_offset(pointer, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
        return Double(microseconds) / 1e6
    }

    func error(_ code: CURLcode) -> TransportError {
        var systemError = 0
        imgfs_curl_get_long(pointer, CURLINFO_OS_ERRNO, &systemError)
        let detail = errorText[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        return TransportError(
            code: code, connected: connectSeconds > 0, systemError: systemError,
            detail: displayable(detail, maximum: 200))
    }
}

/// libcurl's state for the whole process.
private enum CurlLibrary {
    private static let started: Bool = {
        // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE alone, and OpenSSL writes to sockets without MSG_NOSIGNAL.
        var current = sigaction()
        if sigaction(SIGPIPE, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil {
            signal(SIGPIPE, SIG_IGN)
        }
        let code = curl_global_init(Int(CURL_GLOBAL_DEFAULT))
        precondition(code == CURLE_OK, "libcurl starts: \(code.rawValue)")
        return true
    }()

    /// Safe to call from any thread, any number of times.
    static func start() {
        precondition(started)
    }
}

/// `text` without control characters and cut to `maximum` characters: what a server says may go to a terminal or a log.
func displayable(_ text: some StringProtocol, maximum: Int) -> String {
    let cleaned = String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                    ? " " : scalar
            }))
    return cleaned.count <= maximum ? cleaned : cleaned.prefix(maximum) + "…"
}
