/// The order in which keys may be taken: a task that holds a key takes only keys of a higher rank after it.
///
/// Two tasks can then never wait for each other. Debug builds check it at every wait, so that every test run does; the
/// check goes by task: a key taken inside a flight's work counts from the flight's own rank.
public enum LockRank: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    /// What a name means at the moment: one resolution of a reference.
    case resolve
    /// A chain: a file system of it being made.
    case mount
    /// A chain of layers: being merged into a tree.
    case chain
    /// A layer: being unpacked.
    case layer
    /// A blob: being fetched.
    case blob

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String {
        switch self {
        case .resolve: "resolve"
        case .mount: "mount"
        case .chain: "chain"
        case .layer: "layer"
        case .blob: "blob"
        }
    }

    /// The highest rank that the current task holds, or works under.
    @TaskLocal static var current: LockRank?

    /// Whether a task that holds `held` may take a key of rank `wanted`.
    static func allows(_ wanted: LockRank, whileHolding held: LockRank?) -> Bool {
        guard let held else { return true }
        return held < wanted
    }

    /// Ends a debug build when the current task must not wait for a key of rank `wanted`.
    static func check(_ wanted: LockRank, key: @autoclosure () -> String) {
        #if DEBUG
        guard !allows(wanted, whileHolding: current) else { return }
        let held = current.map { "\($0)" } ?? "no"
        preconditionFailure(
            "lock order: the \(wanted) key \(key()) is wanted by a task that holds a \(held) key; the order is "
                + allCases.map(\.description).joined(separator: ", "))
        #endif
    }

    /// Runs `body` as one that holds a key of this rank.
    func held<Value>(_ body: () async throws -> Value) async throws -> Value {
        #if DEBUG
        try await Self.$current.withValue(self, operation: body)
        #else
        try await body()
        #endif
    }
}
