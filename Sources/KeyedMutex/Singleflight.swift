import Synchronization

/// Work that many want at the same time is done once, and all of them get its result.
///
/// Nothing is remembered: who comes after the result was handed out starts the work again. Whoever looks first whether
/// there is anything to do must therefore look again inside the work.
public final class Singleflight<Key: Hashable & Sendable & CustomStringConvertible, Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Value, any Error>, Never>

    /// Work that is being done.
    private struct Flight {
        let holder: String
        let since = ContinuousClock.now
        var waiters = WaitQueue<Waiter>()
    }

    public let rank: LockRank
    private let inFlight = Lock<[Key: Flight]>([:])
    private let nextTicket = Atomic<UInt64>(0)

    public init(rank: LockRank) {
        self.rank = rank
    }

    /// Returns what `work` returns, or throws what it throws, to everybody who asks for `key` until it is done.
    ///
    /// The first who asks starts `work` in a task of its own that nobody cancels. A caller that is cancelled leaves at
    /// once with `CancellationError` and takes nobody with it, also when it was the first.
    /// - Parameter holder: who this is, for `flights`.
    public func run(
        _ key: Key, holder: String, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        LockRank.check(rank, key: key.description)
        let ticket = nextTicket.wrappingAdd(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                join(key, holder: holder, waiter: continuation, ticket: ticket, work)
            }
        } onCancel: {
            leave(key, ticket: ticket)
        }
        return try result.get()
    }

    /// All work that is being done now, the oldest first.
    public var flights: [KeyWait] {
        inFlight.withLock { flights in
            flights.map { key, flight in
                KeyWait(
                    rank: rank, key: key.description, holder: flight.holder, since: flight.since,
                    waiterCount: flight.waiters.count)
            }
        }
        .sorted { $0.since < $1.since }
    }

    private enum Entrance { case cancelled, joined, first }

    private func join(
        _ key: Key, holder: String, waiter: Waiter, ticket: UInt64, _ work: @escaping @Sendable () async throws -> Value
    ) {
        let entrance: Entrance = inFlight.withLock { flights in
            // As in KeyedMutex.enqueue: a cancellation is seen here or finds the waiter in the queue.
            guard !Task.isCancelled else { return .cancelled }
            let isFirst = flights[key] == nil
            flights[key, default: Flight(holder: holder)].waiters.append(waiter, ticket: ticket)
            return isFirst ? .first : .joined
        }
        switch entrance {
        case .cancelled: waiter.resume(returning: .failure(CancellationError()))
        case .joined: break
        case .first:
            Task.detached { [self] in
                let result: Result<Value, any Error>
                do {
                    result = .success(try await rank.held(work))
                } catch {
                    result = .failure(error)
                }
                finish(key, result)
            }
        }
    }

    private func leave(_ key: Key, ticket: UInt64) {
        let waiter = inFlight.withLock { $0[key]?.waiters.remove(ticket) }
        waiter?.resume(returning: .failure(CancellationError()))
    }

    private func finish(_ key: Key, _ result: Result<Value, any Error>) {
        let flight = inFlight.withLock { $0.removeValue(forKey: key) }
        for waiter in flight?.waiters.all() ?? [] { waiter.resume(returning: result) }
    }
}
