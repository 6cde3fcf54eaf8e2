import Glibc

/// What the environment says about transfers and libcurl does not look for by itself.
enum TransferEnvironment {
    /// The proxy for plain HTTP; nil when there is none, or libcurl finds it.
    ///
    /// libcurl ignores HTTP_PROXY in capitals, since a CGI program gets it from its client. imgfs is none, and other
    /// programs that pull images honour it.
    static let plainHTTPProxy: String? = proxy(lowerCase: variable("http_proxy"), upperCase: variable("HTTP_PROXY"))

    /// A file of CA certificates in place of the system's, as for OpenSSL and for programs written in Go.
    static let certificateFile: String? = variable("SSL_CERT_FILE")

    /// A directory of CA certificates (see openssl-rehash(1)) in place of the system's.
    static let certificateDirectory: String? = variable("SSL_CERT_DIR")

    static func proxy(lowerCase: String?, upperCase: String?) -> String? {
        (lowerCase ?? "").isEmpty ? upperCase.flatMap { $0.isEmpty ? nil : $0 } : nil
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
