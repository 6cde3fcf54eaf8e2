import Synchronization

/// Paths of what was published a short while ago. `prune` leaves them alone: who asked for them may be about to use
/// them. Kept in memory, because what a former process published nobody is waiting for.
final class RecentObjects: Sendable {
    private let grace: Duration
    private let published = Mutex<[String: ContinuousClock.Instant]>([:])

    init(grace: Duration) { self.grace = grace }

    func insert(_ path: String) {
        let now = ContinuousClock.now
        published.withLock { published in
            if published.count >= 1024 { published = published.filter { now - $0.value < grace } }
            published[path] = now
        }
    }

    func contains(_ path: String) -> Bool {
        published.withLock { published in published[path].map { ContinuousClock.now - $0 < grace } ?? false }
    }
}
