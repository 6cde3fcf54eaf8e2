import Synchronization

/// Idle handles, each remembered with the origin that it holds a connection to.
final class CurlHandlePool: Sendable {
    /// Idle handles that are kept; each may hold an open connection. Enough for three blobs in four parts each, whose
    /// requests go to a registry that redirects them to another host.
    static let maximumIdleHandles = 24

    // Oldest first.
    private let idle = Mutex<[(origin: HTTPURL.Origin, handle: CurlHandle)]>([])

    /// A handle for nobody else until it is given back; with an open connection to `origin` where there is one.
    func take(for origin: HTTPURL.Origin) -> CurlHandle {
        let found = idle.withLock { idle in
            idle.lastIndex { $0.origin == origin }.map { idle.remove(at: $0).handle }
        }
        return found ?? CurlHandle()
    }

    func giveBack(_ handle: CurlHandle, for origin: HTTPURL.Origin) {
        // The oldest handle closes its connections when it goes; that happens outside of the lock.
        let superfluous = idle.withLock { idle in
            idle.append((origin, handle))
            return idle.count > Self.maximumIdleHandles ? idle.removeFirst().handle : nil
        }
        _ = superfluous
    }

    /// Closes all idle connections.
    func drain() {
        let handles = idle.withLock { idle in
            defer { idle = [] }
            return idle
        }
        _ = handles
    }
}
