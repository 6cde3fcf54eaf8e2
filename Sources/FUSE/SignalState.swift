import Glibc

/// The signals of a thread, as /proc/TID/status shows them. See proc_pid_status(5) and signal(7).
///
/// The kernel tells a FUSE server that *some* signal arrived for a waiting thread, once, and not which. A signal that
/// ends the thread, or that asks a program to stop, must end the wait; one that profilers, timers, terminals and
/// language runtimes send all the time must not, since no local file system would show EINTR for it.
struct SignalState: Equatable {
    /// A set of signals: signal n is bit n - 1.
    struct Signals: Equatable {
        var bits: UInt64 = 0

        init(bits: UInt64 = 0) { self.bits = bits }

        init(_ numbers: Int32...) {
            for number in numbers { bits |= 1 << UInt64(number - 1) }
        }

        func union(_ other: Self) -> Self { Self(bits: bits | other.bits) }
        func intersection(_ other: Self) -> Self { Self(bits: bits & other.bits) }
        func subtracting(_ other: Self) -> Self { Self(bits: bits & ~other.bits) }
        var isEmpty: Bool { bits == 0 }
    }

    var pendingForThread = Signals()
    var pendingForProcess = Signals()
    var blocked = Signals()
    var ignored = Signals()
    var caught = Signals()

    /// Those whose default action is to be ignored, to go on or to stop: they end no wait.
    private static let harmless = Signals(
        SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU)
    /// Those that ask a program to stop, whether or not it has a handler.
    private static let requests = Signals(SIGHUP, SIGINT, SIGQUIT, SIGTERM)
    private static let unblockable = Signals(SIGKILL, SIGSTOP)

    /// Whether what is pending should end the thread's wait.
    var endsWait: Bool {
        let arriving = pendingForThread.union(pendingForProcess)
            .subtracting(blocked.subtracting(Self.unblockable)).subtracting(ignored)
        let fatal = arriving.subtracting(caught).subtracting(Self.harmless)
        let requested = arriving.intersection(caught).intersection(Self.requests)
        return !fatal.isEmpty || !requested.isEmpty
    }

    init() {}

    /// Lines that are missing or unreadable count as no signals.
    init(status text: some StringProtocol) {
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
            guard let bits = UInt64(value, radix: 16) else { continue }
            switch line[..<colon] {
            case "SigPnd": pendingForThread = Signals(bits: bits)
            case "ShdPnd": pendingForProcess = Signals(bits: bits)
            case "SigBlk": blocked = Signals(bits: bits)
            case "SigIgn": ignored = Signals(bits: bits)
            case "SigCgt": caught = Signals(bits: bits)
            default: break
            }
        }
    }
}
