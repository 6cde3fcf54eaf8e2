import Glibc

/// What something took: the time that passed, and the processor time of all threads of this process. In seconds.
struct Cost {
    var wall: Double
    var cpu: Double

    /// Of one run.
    static func of(_ body: () throws -> Void) rethrows -> Cost {
        let start = now
        try body()
        return now - start
    }

    static func - (left: Cost, right: Cost) -> Cost { Cost(wall: left.wall - right.wall, cpu: left.cpu - right.cpu) }

    private static var now: Cost { Cost(wall: seconds(CLOCK_MONOTONIC), cpu: seconds(CLOCK_PROCESS_CPUTIME_ID)) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension [Cost] {
    /// Of each of the two by itself.
    var median: Cost { Cost(wall: middle(map(\.wall)), cpu: middle(map(\.cpu))) }

    private func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// The median of a few runs of `body`.
func cost(runs: Int, _ body: () throws -> Void) rethrows -> Cost {
    var costs: [Cost] = []
    for _ in 0..<runs { costs.append(try Cost.of(body)) }
    return costs.median
}

/// The medians of runs of `first` and `second` in turn, and of the differences of two runs that follow each other: what
/// disturbs the machine for a while disturbs both.
func costs(
    runs: Int, _ first: () throws -> Void, _ second: () throws -> Void
) rethrows -> (first: Cost, second: Cost, difference: Cost) {
    var pairs: [(first: Cost, second: Cost)] = []
    for _ in 0..<runs { pairs.append((try Cost.of(first), try Cost.of(second))) }
    return (pairs.map(\.first).median, pairs.map(\.second).median, pairs.map { $0.second - $0.first }.median)
}
