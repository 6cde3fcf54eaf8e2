import Control

/// The daemon's status in the text format of Prometheus, version 0.0.4.
///
/// docs/cli.md, "Metrics", lists the names; they are stable. See
/// https://prometheus.io/docs/instrumenting/exposition_formats/.
enum PrometheusText {
    static func text(_ status: DaemonStatus) -> String {
        var page = Page()
        page.add(
            .gauge, "imgfs_info", "The version of imgfs; always 1.", 1,
            labels: [("version", status.version)])
        page.add(
            .gauge, "imgfs_start_time_seconds", "When the daemon was started, in seconds since 1970.",
            status.startedAtSeconds)
        page.add(.gauge, "imgfs_mounted_images", "Images that are mounted.", status.mountCount)
        page.add(
            .gauge, "imgfs_waiting_requests", "Requests of readers that wait for an image right now.",
            status.waitingReaderCount)
        page.add(.gauge, "imgfs_downloads", "Layers that are being fetched.", status.downloads.count)
        addStore(status.store, to: &page)
        addKeeper(status.keeper, to: &page)
        if let counters = status.counters { addCounters(counters, to: &page) }
        return page.text
    }

    private static func addStore(_ store: StoreSummary, to page: inout Page) {
        page.add(.gauge, "imgfs_store_images", "Names of images in the store.", store.imageCount)
        page.add(.gauge, "imgfs_store_layers", "Unpacked layers in the store.", store.layerCount)
        page.add(.gauge, "imgfs_store_trees", "Merged trees in the store.", store.treeCount)
        page.begin(.gauge, "imgfs_store_bytes", "Bytes in the store.")
        page.sample("imgfs_store_bytes", [("kind", "layers")], store.layerByteCount)
        page.sample("imgfs_store_bytes", [("kind", "trees")], store.treeByteCount)
        page.sample("imgfs_store_bytes", [("kind", "partials")], store.partialByteCount)
        page.add(
            .gauge, "imgfs_store_free_bytes", "Bytes that the store's file system has left.", store.freeByteCount)
    }

    private static func addKeeper(_ keeper: KeeperStatus, to page: inout Page) {
        page.add(
            .gauge, "imgfs_kept", "Whether mounts outlive the daemon.",
            keeper.kind == .keeper || keeper.kind == .systemd ? 1 : 0)
        page.add(
            .gauge, "imgfs_keeper_daemon_deaths", "Daemons that died since the keeper was started.", keeper.deathCount)
        page.add(
            .gauge, "imgfs_isolated_images", "Mounted images that answer with EIO, since they ended daemons.",
            keeper.isolatedCount)
    }

    private static func addCounters(_ counters: DaemonCounters, to page: inout Page) {
        page.begin(.counter, "imgfs_fetched_bytes_total", "Bytes of layers' blobs that arrived.")
        page.sample("imgfs_fetched_bytes_total", [("from", "registry")], counters.fetchedByteCounts.registry)
        page.sample("imgfs_fetched_bytes_total", [("from", "local")], counters.fetchedByteCounts.local)
        page.add(
            .counter, "imgfs_unpacked_bytes_total", "Bytes of layers' archives that were unpacked.",
            counters.unpackedByteCount)
        page.add(.counter, "imgfs_unpacked_layers_total", "Layers that were unpacked.", counters.unpackedLayerCount)
        page.add(
            .counter, "imgfs_served_bytes_total", "Bytes of files' content that the kernel asked for.",
            counters.servedByteCount)
        page.add(.counter, "imgfs_requests_total", "Requests of the kernel.", by: "kind", counters.requestCounts)
        page.add(
            .counter, "imgfs_error_answers_total", "Answers to the kernel with an errno that means trouble.",
            by: "errno",
            counters.errorAnswerCounts)
        page.add(counters.waits, "imgfs_wait_seconds", "How long requests waited for an image that was not there.")
        page.add(
            .counter, "imgfs_retries_total", "Attempts at a registry that failed and were followed by another.",
            by: "kind",
            counters.retryCounts)
        page.begin(.counter, "imgfs_failures_total", "What failed for good.")
        for (operation, counts) in counters.failureCounts.sorted(by: { $0.key < $1.key }) {
            for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
                page.sample("imgfs_failures_total", [("operation", operation), ("kind", kind)], count)
            }
        }
    }

    private enum Kind: String { case counter, gauge, histogram }

    /// Lines of the format, each family with its HELP and TYPE first.
    private struct Page {
        typealias Labels = [(name: String, value: String)]

        var text = ""

        mutating func begin(_ kind: Kind, _ name: String, _ help: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        }

        mutating func sample(_ name: String, _ labels: Labels, _ value: some CustomStringConvertible) {
            let pairs = labels.map { "\($0.name)=\"\(PrometheusText.escaped($0.value))\"" }.joined(separator: ",")
            text += name + (pairs.isEmpty ? "" : "{\(pairs)}") + " \(value)\n"
        }

        mutating func add(
            _ kind: Kind, _ name: String, _ help: String, _ value: some CustomStringConvertible, labels: Labels = []
        ) {
            begin(kind, name, help)
            sample(name, labels, value)
        }

        mutating func add(_ kind: Kind, _ name: String, _ help: String, by label: String, _ counts: [String: Int]) {
            begin(kind, name, help)
            for (value, count) in counts.sorted(by: { $0.key < $1.key }) { sample(name, [(label, value)], count) }
        }

        /// The format's buckets hold everything up to their bound.
        mutating func add(_ waits: WaitStatistics, _ name: String, _ help: String) {
            begin(.histogram, name, help)
            var sum = 0
            for bucket in waits.buckets {
                sum += bucket.count
                sample(name + "_bucket", [("le", bucket.atMostSeconds.map { "\($0)" } ?? "+Inf")], sum)
            }
            sample(name + "_sum", [], waits.totalSeconds)
            sample(name + "_count", [], sum)
        }
    }

    /// A label's value, between whose quotes backslash, quote and newline are escaped.
    static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
