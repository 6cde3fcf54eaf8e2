import Control
import FUSE
import OCI
import Synchronization

/// What is fetched, unpacked and goes wrong, counted since the daemon was started.
final class EventCounters: Sendable {
    /// What can fail.
    enum Operation: String, CaseIterable {
        /// A name, a manifest, a config.
        case resolve
        /// A layer, from one place.
        case fetch
        /// An image was to be made ready.
        case open
    }

    private struct Events {
        var retries: [FailureKind: Int] = [:]
        var failures: [Operation: [FailureKind: Int]] = [:]
    }

    private let fetchedRemotely = Atomic<Int64>(0)
    private let fetchedLocally = Atomic<Int64>(0)
    private let unpackedBytes = Atomic<Int64>(0)
    private let unpackedLayers = Atomic(0)
    /// Rare: each of them took a network or a disk its time.
    private let events = Mutex(Events())

    func fetched(byteCount: Int, isRemote: Bool) {
        if isRemote {
            fetchedRemotely.wrappingAdd(Int64(byteCount), ordering: .relaxed)
        } else {
            fetchedLocally.wrappingAdd(Int64(byteCount), ordering: .relaxed)
        }
    }

    func unpacked(byteCount: Int64) { unpackedBytes.wrappingAdd(byteCount, ordering: .relaxed) }

    func layerUnpacked() { unpackedLayers.wrappingAdd(1, ordering: .relaxed) }

    func retried(_ kind: FailureKind) { events.withLock { $0.retries[kind, default: 0] += 1 } }

    func failed(_ operation: Operation, _ error: any Error) {
        let kind = describe(error).kind
        events.withLock { $0.failures[operation, default: [:]][kind, default: 0] += 1 }
    }

    /// Everything that was counted, also what never happened: a number that is there from the start can be watched.
    func message(_ requests: RequestCounters) -> DaemonCounters {
        let events = self.events.withLock { $0 }
        var message = DaemonCounters()
        message.fetchedByteCounts = .init(
            registry: fetchedRemotely.load(ordering: .relaxed), local: fetchedLocally.load(ordering: .relaxed))
        message.unpackedByteCount = unpackedBytes.load(ordering: .relaxed)
        message.unpackedLayerCount = unpackedLayers.load(ordering: .relaxed)
        message.servedByteCount = Int64(requests.servedByteCount)
        for kind in RequestKind.allCases { message.requestCounts["\(kind)"] = requests.requestCount(kind) }
        for error in CountedError.allCases { message.errorAnswerCounts[error.name] = requests.answerCount(error) }
        let bounds = RequestCounters.waitBoundsSeconds.map(Optional.some) + [nil]
        message.waits = WaitStatistics(
            totalSeconds: requests.waitSeconds,
            buckets: zip(bounds, requests.waitCounts).map { .init(atMostSeconds: $0, count: $1) })
        for kind in FailureKind.allCases {
            message.retryCounts[kind.rawValue] = events.retries[kind] ?? 0
            for operation in Operation.allCases {
                message.failureCounts[operation.rawValue, default: [:]][kind.rawValue] =
                    events.failures[operation]?[kind] ?? 0
            }
        }
        return message
    }
}
