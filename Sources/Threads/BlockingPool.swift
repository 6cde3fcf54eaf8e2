import Synchronization

/// Threads for work that blocks: files, hashes, inflating, the network.
///
/// Swift's own threads, of which there is one for each core, must not wait; async functions hand such work to a pool.
/// Work starts in the order in which it was handed over, as soon as one of at most `maximumThreads` threads is free.
/// Threads are started when there is work for them and end after some idle seconds.
public final class BlockingPool: Sendable {
    private struct State {
        var queue: [@Sendable () -> Void] = []
        /// Position in `queue` of the next job; the ones before it are spent.
        var next = 0
        var threadCount = 0
        /// Invariant: 0...threadCount, threads that wait for a job.
        var idleCount = 0
        var isClosed = false

        var waitingCount: Int { queue.count - next }

        mutating func take() -> (@Sendable () -> Void)? {
            guard next < queue.count else { return nil }
            let job = queue[next]
            queue[next] = {}
            next += 1
            if next == queue.count {
                queue.removeAll(keepingCapacity: queue.count <= 1024)
                next = 0
            } else if next >= 1024, next * 2 > queue.count {
                queue.removeFirst(next)
                next = 0
            }
            return job
        }
    }

    public let name: String
    public let maximumThreads: Int
    private let idleSeconds: Double
    private let monitor = Monitor(State())

    /// - Parameters:
    ///   - name: what the threads are called.
    ///   - maximumThreads: 1 or more.
    ///   - idleSeconds: a thread that finds nothing to do for so long ends.
    public init(name: String, maximumThreads: Int, idleSeconds: Double = 5) {
        precondition(maximumThreads >= 1, "a pool of threads needs at least one")
        self.name = name
        self.maximumThreads = maximumThreads
        self.idleSeconds = idleSeconds
    }

    deinit {
        // The threads hold the monitor, not the pool: jobs that wait still run, then the threads end.
        monitor.withLock { $0.isClosed = true }
        monitor.notifyAll()
    }

    /// How many threads there are now, and how many jobs wait for one.
    public var load: (threadCount: Int, waitingCount: Int) {
        monitor.withLock { ($0.threadCount, $0.waitingCount) }
    }

    /// Runs `body` on a thread of the pool and returns its result.
    ///
    /// Cancelling the calling task does not end `body`: blocking calls have no way to notice. Where an early end
    /// matters, `body` asks a flag of its own.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let handover = Handover<Value, Failure>()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            submit {
                do throws(Failure) {
                    handover.put(.success(try body()))
                } catch {
                    handover.put(.failure(error))
                }
                continuation.resume()
            }
        }
        return try handover.take().get()
    }

    /// Runs `job` on a thread of the pool, some time.
    public func submit(_ job: @escaping @Sendable () -> Void) {
        let needsThread = monitor.withLock { state in
            state.queue.append(job)
            guard state.waitingCount > state.idleCount, state.threadCount < maximumThreads else { return false }
            state.threadCount += 1
            return true
        }
        guard needsThread else { return monitor.notifyOne() }
        do {
            _ = try Thread.start(name: name) { [monitor, idleSeconds] in Self.work(monitor, idleSeconds: idleSeconds) }
        } catch {
            // No thread to be had. Another one of this pool takes the job when it is done with its own; when there
            // is none, the caller does it: slow is better than never.
            let abandoned = monitor.withLock { state in
                state.threadCount -= 1
                return state.threadCount == 0 ? state.take() : nil
            }
            abandoned?()
        }
    }

    /// The life of one thread.
    private static func work(_ monitor: Monitor<State>, idleSeconds: Double) {
        while true {
            if let job = monitor.withLock({ $0.take() }) {
                job()
            } else if !waitForJob(monitor, idleSeconds: idleSeconds) {
                return
            }
        }
    }

    /// Returns false when the thread is to end; it is then no longer counted.
    private static func waitForJob(_ monitor: Monitor<State>, idleSeconds: Double) -> Bool {
        monitor.withLock { $0.idleCount += 1 }
        let hasWork = monitor.wait(timeoutSeconds: idleSeconds) { state -> Bool? in
            state.waitingCount > 0 ? true : state.isClosed ? false : nil
        }
        return monitor.withLock { state in
            state.idleCount -= 1
            // Work that arrived between the two locks found this thread idle and started no other.
            if hasWork == true || state.waitingCount > 0 { return true }
            state.threadCount -= 1
            return false
        }
    }
}

/// Where a result goes from a thread to the task that waits for it.
///
/// A continuation orders the two as well. But when it is resumed before it is awaited that happens inside Swift's
/// library, where the thread sanitizer does not see it and takes the task's first look at the result for a race.
private final class Handover<Value: Sendable, Failure: Error>: Sendable {
    private let result = Mutex<Result<Value, Failure>?>(nil)

    func put(_ new: Result<Value, Failure>) { result.withLock { $0 = new } }

    func take() -> Result<Value, Failure> {
        guard let result = result.withLock({ $0 }) else {
            preconditionFailure("a task goes on when its result is there")
        }
        return result
    }
}
