import ArgumentParser
import Control
import Glibc
import OCI

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the daemon, its store and its downloads.")

    @Flag(help: "Show who holds which key, since when, and how many wait for it.")
    var waits = false

    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let client = try daemon.connect()
        if waits {
            let records = try client.waits()
            output.print(records, Self.text(records))
        } else {
            let status = try client.status()
            output.print(status, Self.text(status, now: Int64(time(nil))))
        }
    }

    static func text(_ status: DaemonStatus, now: Int64) -> String {
        let store = status.store
        var pairs: [(name: String, value: String)] = [
            ("Daemon", "imgfs \(status.version), process \(status.processID)"),
            ("Keeper", text(status.keeper)),
            ("Running for", Quantity.duration(seconds: now - status.startedAtSeconds)),
            ("Socket", status.socketPath),
            ("Store", "\(status.root), \(Quantity.bytes(store.freeByteCount)) free"),
            ("Images", "\(store.imageCount)"),
            ("Layers", "\(store.layerCount), \(Quantity.bytes(store.layerByteCount))"),
            ("Trees", "\(store.treeCount), \(Quantity.bytes(store.treeByteCount))"),
            ("Partial blobs", Quantity.bytes(store.partialByteCount)),
            ("Mounts", "\(status.mountCount)"),
            ("Waiting readers", "\(status.waitingReaderCount)"),
            ("Downloads", "\(status.downloads.count)"),
        ]
        if let counters = status.counters { pairs += text(counters) }
        let summary = aligned(pairs)
        if status.downloads.isEmpty { return summary }
        var table = Table(
            .init(title: "LAYER"), .init(title: "IMAGE"), .init(title: "FETCHED", alignment: .right),
            .init(title: "SIZE", alignment: .right), .init(title: "UNPACKED", alignment: .right),
            .init(title: "SINCE", alignment: .right))
        table.rows = status.downloads.map { download in
            [
                download.digest.short, download.image, Quantity.bytes(download.fetchedByteCount),
                Quantity.bytes(download.byteCount), Quantity.bytes(download.unpackedByteCount),
                Quantity.duration(seconds: now - download.startedAtSeconds),
            ]
        }
        return summary + "\n\n" + table.text
    }

    /// What the daemon did so far.
    static func text(_ counters: DaemonCounters) -> [(name: String, value: String)] {
        let fetched = counters.fetchedByteCounts
        let failures = counters.failureCounts.values.reduce(0) { $0 + $1.values.reduce(0, +) }
        return [
            ("Fetched", Quantity.bytes(fetched.registry) + ", local \(Quantity.bytes(fetched.local))"),
            ("Unpacked", "\(counters.unpackedLayerCount) layers, \(Quantity.bytes(counters.unpackedByteCount))"),
            ("Served", Quantity.bytes(counters.servedByteCount)),
            ("Requests", "\(counters.requestCounts.values.reduce(0, +)), \(counters.waits.count) waited"),
            ("Retries", "\(counters.retryCounts.values.reduce(0, +))"),
            ("Failures", "\(failures)"),
        ]
    }

    /// Who holds the mounts, and what happened so far.
    static func text(_ keeper: KeeperStatus) -> String {
        var parts: [String]
        switch keeper.kind {
        case .none: parts = ["none: the mounts end with this process"]
        case .gone: parts = ["GONE: the mounts end with this process, which cannot be replaced"]
        case .systemd: parts = ["systemd"]
        case .keeper: parts = [keeper.processID.map { "process \($0)" } ?? "a process"]
        }
        if keeper.deathCount > 0 { parts.append("\(keeper.deathCount) daemons died") }
        if keeper.takenOverCount > 0 { parts.append("\(keeper.takenOverCount) mounted images taken over") }
        if keeper.isolatedCount > 0 { parts.append("\(keeper.isolatedCount) ISOLATED, see 'imgfs mounts'") }
        return parts.joined(separator: ", ")
    }

    static func text(_ waits: [WaitRecord]) -> String {
        var table = Table(
            .init(title: "RANK"), .init(title: "KEY"), .init(title: "WAITERS", alignment: .right),
            .init(title: "HELD FOR", alignment: .right), .init(title: "BY"))
        table.rows = waits.map { wait in
            [
                wait.rank, wait.key, "\(wait.waiterCount)", Quantity.duration(seconds: Int64(wait.heldSeconds)),
                wait.holder,
            ]
        }
        return table.text
    }
}
