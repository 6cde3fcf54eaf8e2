import Synchronization

/// A mutex for each key: who wants the same key waits its turn, who wants another does not notice.
///
/// Waiters suspend (they hold no thread), are served in the order in which they came, and may be cancelled at any
/// time. A key that nobody holds costs nothing.
public final class KeyedMutex<Key: Hashable & Sendable & CustomStringConvertible>: Sendable {
    private struct Waiter {
        let holder: String
        /// Resumed with true when the key has been handed over, with false when the waiter was cancelled.
        let continuation: CheckedContinuation<Bool, Never>
    }

    /// A key that is held.
    private struct Entry {
        var holder: String
        var since = ContinuousClock.now
        var waiters = WaitQueue<Waiter>()
    }

    public let rank: LockRank
    private let entries = Lock<[Key: Entry]>([:])
    private let nextTicket = Atomic<UInt64>(0)

    public init(rank: LockRank) {
        self.rank = rank
    }

    /// Runs `body` while nobody else runs one under the same key.
    ///
    /// - Parameter holder: who this is, for `waits`.
    /// - Throws: `CancellationError` when the task is cancelled before it is its turn; `body` has then not been run.
    ///   Otherwise what `body` throws.
    public func withLock<Value>(
        _ key: Key, holder: String, _ body: () async throws -> Value
    ) async throws -> Value {
        LockRank.check(rank, key: key.description)
        guard await acquire(key, holder: holder) else { throw CancellationError() }
        defer { release(key) }
        try Task.checkCancellation()
        return try await rank.held(body)
    }

    /// Every key that is held now, those held longest first.
    public var waits: [KeyWait] {
        entries.withLock { entries in
            entries.map { key, entry in
                KeyWait(
                    rank: rank, key: key.description, holder: entry.holder, since: entry.since,
                    waiterCount: entry.waiters.count)
            }
        }
        .sorted { $0.since < $1.since }
    }

    /// False when the task was cancelled while it waited.
    private func acquire(_ key: Key, holder: String) async -> Bool {
        let ticket = nextTicket.wrappingAdd(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(Waiter(holder: holder, continuation: continuation), key: key, ticket: ticket)
            }
        } onCancel: {
            leave(key, ticket: ticket)
        }
    }

    private func enqueue(_ waiter: Waiter, key: Key, ticket: UInt64) {
        let outcome: Bool? = entries.withLock { entries in
            // The task is marked as cancelled before `leave` is called, and `leave` needs this lock: either it is
            // seen here, or `leave` finds the waiter in the queue.
            guard !Task.isCancelled else { return false }
            guard entries[key] != nil else {
                entries[key] = Entry(holder: waiter.holder)
                return true
            }
            entries[key]?.waiters.append(waiter, ticket: ticket)
            return nil
        }
        if let outcome { waiter.continuation.resume(returning: outcome) }
    }

    private func leave(_ key: Key, ticket: UInt64) {
        let waiter = entries.withLock { $0[key]?.waiters.remove(ticket) }
        waiter?.continuation.resume(returning: false)
    }

    /// Hands the key to the next in the queue, so that nobody can slip in between.
    private func release(_ key: Key) {
        let next: Waiter? = entries.withLock { entries in
            guard let waiter = entries[key]?.waiters.popFirst() else {
                entries[key] = nil
                return nil
            }
            entries[key]?.holder = waiter.holder
            entries[key]?.since = .now
            return waiter
        }
        next?.continuation.resume(returning: true)
    }
}
