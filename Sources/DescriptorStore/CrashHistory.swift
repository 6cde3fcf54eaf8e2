/// A request, or the opening of an image, that was going on when a process died.
public struct Suspect: Sendable, Hashable, CustomStringConvertible {
    /// The session's number.
    public var session: UInt64
    /// The request's number in the session, as the kernel counts; 0 for the opening of the image.
    public var unique: UInt64
    public var node: UInt64
    /// FUSE_LOOKUP and so on, linux/fuse.h.
    public var opcode: UInt32

    public init(session: UInt64, unique: UInt64, node: UInt64, opcode: UInt32) {
        self.session = session
        self.unique = unique
        self.node = node
        self.opcode = opcode
    }

    public var description: String {
        unique == 0
            ? "opening the image of session \(session)"
            : "request \(unique) (opcode \(opcode), node \(node)) of session \(session)"
    }
}

/// The end of a process that did not end on purpose.
public struct Death: Sendable, Equatable {
    /// Nanoseconds since the machine's start when the successor found out.
    public var atNanoseconds: UInt64
    /// The signal that the process saw; 0 when it was not asked, as with SIGKILL.
    public var signal: UInt32
    public var suspects: [Suspect]

    public init(atNanoseconds: UInt64, signal: UInt32, suspects: [Suspect]) {
        self.atNanoseconds = atNanoseconds
        self.signal = signal
        self.suspects = suspects
    }
}

/// Decides whose fault a series of deaths is.
public enum CrashHistory {
    /// So many deaths on one request are no coincidence.
    public static let deathCount = 5
    public static let periodNanoseconds: UInt64 = 10_000_000_000

    /// What was going on at each of the last five deaths, when these came within ten seconds.
    public static func culprits(of deaths: [Death]) -> Set<Suspect> {
        let last = deaths.suffix(deathCount)
        guard last.count == deathCount, let first = last.first, let newest = last.last,
            newest.atNanoseconds - first.atNanoseconds <= periodNanoseconds
        else { return [] }
        return last.dropFirst().reduce(Set(first.suspects)) { $0.intersection($1.suspects) }
    }
}
