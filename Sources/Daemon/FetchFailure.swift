import KeyedMutex
import OCI

/// Why work that several wait for failed, and where it was tried.
struct FetchFailure: Error {
    let cause: any Error
    let places: Set<LayerOrigin.Place>

    /// Whether `chain` could be had from a place that was not tried.
    func leavesHope(for chain: Chain) -> Bool {
        guard let error = cause as? any DescribedError, error.kind.mayHaveBetterLuckElsewhere else { return false }
        return !chain.places.isSubset(of: places)
    }
}

extension Singleflight {
    /// Like `run`, for work that fetches from the origins of `chain`.
    ///
    /// Who shares another one's flight shares its luck, but not its misfortune: when the other's origins fail and
    /// `chain` has others, the work starts again with those. It ends since one's own work is never repeated.
    func run(_ key: Key, for chain: Chain, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        while true {
            do {
                return try await run(key, holder: chain.name) {
                    do {
                        return try await work()
                    } catch {
                        throw FetchFailure(cause: error, places: chain.places)
                    }
                }
            } catch let failure as FetchFailure {
                guard failure.leavesHope(for: chain) else { throw failure.cause }
            }
        }
    }
}

extension FailureKind {
    /// Another place may have the layer although this one failed.
    var mayHaveBetterLuckElsewhere: Bool {
        switch self {
        case .unreachable, .denied, .notFound, .invalid: true
        case .tooLarge, .unsupported, .storeFull, .io, .cancelled, .usage, .fault: false
        }
    }
}
