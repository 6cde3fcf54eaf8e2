import Glibc

/// libcurl ignores HTTP_PROXY in capitals, since a CGI program gets it from its client. imgfs is none, and other
/// programs that pull images honour it.
enum ProxyEnvironment {
    /// The proxy for plain HTTP that libcurl would overlook; nil when there is none, or libcurl finds it by itself.
    static let plainHTTPProxy: String? = choice(lowerCase: variable("http_proxy"), upperCase: variable("HTTP_PROXY"))

    static func choice(lowerCase: String?, upperCase: String?) -> String? {
        guard (lowerCase ?? "").isEmpty, let upperCase, !upperCase.isEmpty else { return nil }
        return upperCase
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
