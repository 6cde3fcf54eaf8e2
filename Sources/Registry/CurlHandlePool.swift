import Synchronization

/// Idle handles, each remembered with the origin that it holds a connection to.
final class CurlHandlePool: Sendable {
    private struct Idle {
        var origin: HTTPURL.Origin
        var handle: CurlHandle
        var since: ContinuousClock.Instant
    }

    /// Idle handles that are kept; each may hold an open connection. Enough for three blobs in four parts each, whose
    /// requests go to a registry that redirects them to another host; with more parts some connections are made anew.
    static let maximumIdleHandles = 24
    /// For how long a handle is kept. Servers close connections after about as long.
    static let maximumIdleSeconds = 60

    // Oldest first.
    private let idle = Mutex<[Idle]>([])

    var idleCount: Int { idle.withLock { $0.count } }

    /// A handle for nobody else until it is given back; with an open connection to `origin` where there is one.
    func take(for origin: HTTPURL.Origin, at now: ContinuousClock.Instant = .now) -> CurlHandle {
        // Old handles close their connections when they go; that happens outside of the lock.
        let (found, superfluous) = idle.withLock { idle in
            let old = Self.removeSuperfluous(&idle, at: now)
            return (idle.lastIndex { $0.origin == origin }.map { idle.remove(at: $0).handle }, old)
        }
        _ = superfluous
        return found ?? CurlHandle()
    }

    func giveBack(_ handle: CurlHandle, for origin: HTTPURL.Origin, at now: ContinuousClock.Instant = .now) {
        let superfluous = idle.withLock { idle in
            idle.append(Idle(origin: origin, handle: handle, since: now))
            return Self.removeSuperfluous(&idle, at: now)
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

    private static func removeSuperfluous(_ idle: inout [Idle], at now: ContinuousClock.Instant) -> [Idle] {
        let oldCount = idle.prefix { now - $0.since > .seconds(maximumIdleSeconds) }.count
        let count = max(oldCount, idle.count - maximumIdleHandles)
        defer { idle.removeFirst(count) }
        return Array(idle.prefix(count))
    }
}
