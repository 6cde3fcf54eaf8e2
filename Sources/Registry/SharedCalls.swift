import Synchronization
import Threads

/// Calls with the same key that overlap in time become one: the first caller's thread does the work, the others block
/// until it has its result or its error. Nothing is remembered afterwards.
///
/// Not KeyedMutex's `Singleflight`, which suspends tasks and runs the work in one: these callers are threads.
final class SharedCalls<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Call = Monitor<Result<Value, any Error>?>

    private let calls = Mutex<[Key: Call]>([:])

    func run(_ key: Key, _ work: () throws -> Value) throws -> Value {
        let (call, isLeader) = calls.withLock { calls -> (Call, Bool) in
            if let running = calls[key] { return (running, false) }
            let call = Call(nil)
            calls[key] = call
            return (call, true)
        }
        guard isLeader else { return try call.wait { $0 }.get() }
        let result = Result { try work() }
        // Whoever comes from here on begins anew.
        calls.withLock { $0[key] = nil }
        call.change { $0 = result }
        return try result.get()
    }
}
