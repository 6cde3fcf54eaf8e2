import Glibc
import Synchronization
import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct ThreadTests {
    @Test func `join returns after the body has ended, and may be called again`() throws {
        let value = Atomic(0)
        let thread = try Thread.start(name: "test") {
            usleep(20_000)
            value.store(1, ordering: .releasing)
        }
        thread.join()
        #expect(value.load(ordering: .acquiring) == 1)
        thread.join()
    }

    @Test(arguments: ["short", "exactly-fifteen", "a name of more than fifteen bytes", ""])
    func `a thread has the first fifteen bytes of its name`(name: String) throws {
        let seen = Mutex("")
        try Thread.start(name: name) {
            var buffer = [CChar](repeating: 0, count: 64)
            let file = open("/proc/thread-self/comm", O_RDONLY)
            let count = read(file, &buffer, 63)
            close(file)
            seen.withLock { $0 = String(decoding: buffer[..<max(0, count - 1)].map(UInt8.init), as: UTF8.self) }
        }
        .join()
        #expect(seen.withLock { $0 } == String(name.prefix(15)))
    }

    @Test func `a thread takes no asynchronous signals, and its creator's mask stays`() throws {
        let before = Self.blockedSignals()
        let blocked = Mutex<[Int32]>([])
        try Thread.start(name: "signals") {
            blocked.withLock { $0 = Self.blockedSignals() }
        }
        .join()
        let seen = blocked.withLock { $0 }
        #expect(seen.contains(SIGTERM) && seen.contains(SIGINT) && seen.contains(SIGUSR1))
        #expect(!seen.contains(SIGSEGV) && !seen.contains(SIGBUS))
        #expect(Self.blockedSignals() == before)
    }

    private static func blockedSignals() -> [Int32] {
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        return (1...31).filter { sigismember(&mask, $0) == 1 }
    }

    @Test func `a thread that nobody joins runs to its end`() async throws {
        let value = Atomic(0)
        _ = try Thread.start(name: "alone") { value.store(1, ordering: .releasing) }
        while value.load(ordering: .acquiring) == 0 { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func `a stack that is too small is an error that names the thread`() {
        #expect(throws: ThreadError.self) {
            try Thread.start(name: "huge", stackByteCount: 1 << 46) {}
        }
    }
}
