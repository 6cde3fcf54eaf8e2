import Synchronization

/// Where a registry redirected a request for a blob to, mostly a URL that is signed and expires.
///
/// Further requests for the same blob go there at once, which spares a round trip and the registry a request each.
final class RedirectMemory: Sendable {
    private let remembered: Mutex<HTTPURL?>

    init(_ url: HTTPURL?) {
        remembered = Mutex(url)
    }

    var url: HTTPURL? { remembered.withLock { $0 } }

    func remember(_ url: HTTPURL) { remembered.withLock { $0 = url } }

    /// Unless another one has come in its place.
    func forget(_ url: HTTPURL) { remembered.withLock { if $0 == url { $0 = nil } } }
}
