@testable import KeyedMutex

/// Lets everybody through from the moment it is opened.
final class Gate: Sendable {
    private enum State {
        case closed([CheckedContinuation<Void, Never>])
        case open
    }

    private let state = Lock(State.closed([]))

    func passed() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                guard case .closed(let waiting) = state else { return true }
                state = .closed(waiting + [continuation])
                return false
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state = .open }
            if case .closed(let waiting) = state { return waiting }
            return []
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// A value that tasks change together. A class, so that closures of any kind can hold it.
final class Shared<Value: Sendable>: Sendable {
    private let lock: Lock<Value>

    init(_ value: Value) { lock = Lock(value) }

    var value: Value { lock.withLock { $0 } }

    func read<Result: Sendable>(_ body: (Value) -> Result) -> Result { lock.withLock { body($0) } }

    func change(_ body: (inout Value) -> Void) { lock.withLock { body(&$0) } }

    /// Returns the new value.
    @discardableResult
    func update(_ body: (inout Value) -> Void) -> Value {
        lock.withLock { value in
            body(&value)
            return value
        }
    }
}
