import Synchronization

/// Hosts that answered a ranged request with something else. They are not asked for parts again.
final class RangelessOrigins: Sendable {
    /// More are forgotten: they are found out again.
    private static let maximumCount = 256

    private let origins = Mutex<Set<HTTPURL.Origin>>([])

    func contains(_ origin: HTTPURL.Origin) -> Bool { origins.withLock { $0.contains(origin) } }

    /// Returns whether that is news.
    @discardableResult
    func insert(_ origin: HTTPURL.Origin) -> Bool {
        origins.withLock { origins in
            if origins.count >= Self.maximumCount { origins.removeAll() }
            return origins.insert(origin).inserted
        }
    }
}
