import Synchronization

/// A registry's API under the protocols that it may speak.
///
/// - loopback: plain HTTP, then HTTPS;
/// - an `insecure` host: HTTPS with any certificate, then plain HTTP, as other programs do it;
/// - all others: HTTPS.
///
/// What worked first is used from then on.
final class RegistryEndpoint: Sendable {
    struct Base: Hashable, Sendable {
        var origin: HTTPURL.Origin
        var verifiesCertificate: Bool
    }

    private let candidates: Mutex<[Base]>

    /// `registry` is `host[:port]`. Nil when that is no host and port.
    init?(registry: String, isInsecure: Bool) {
        let host = registry == "docker.io" ? "registry-1.docker.io" : registry
        guard let secure = HTTPURL("https://" + host), let plain = HTTPURL("http://" + host), secure.target == "/"
        else { return nil }
        let overTLS = Base(origin: secure.origin, verifiesCertificate: !isInsecure)
        let inClear = Base(origin: plain.origin, verifiesCertificate: true)
        candidates = Mutex(
            plain.origin.isLoopback ? [inClear, overTLS] : isInsecure ? [overTLS, inClear] : [overTLS])
    }

    /// To be tried in this order. Never empty.
    var bases: [Base] { candidates.withLock { $0 } }

    /// The registry answered at `base`.
    func settle(on base: Base) {
        candidates.withLock { if $0.count > 1 { $0 = [base] } }
    }

    /// Whether the protocol of `next` may work where that of `base` failed with `error`.
    static func isWorthTrying(_ next: Base, after error: TransportError, at base: Base) -> Bool {
        switch error.cause {
        case .tls, .notHTTP, .wantsTLS, .reset: true
        // HTTP and HTTPS without a port in the name are two different ports.
        case .refused, .connectTimeout: next.origin.port != base.origin.port
        default: false
        }
    }
}
