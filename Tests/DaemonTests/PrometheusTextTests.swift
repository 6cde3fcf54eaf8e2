import Control
import OCI
import Testing

@testable import Daemon

struct PrometheusTextTests {
    private static let status: DaemonStatus = {
        var counters = DaemonCounters()
        counters.fetchedByteCounts = .init(registry: 1000, local: 20)
        counters.unpackedByteCount = 3000
        counters.unpackedLayerCount = 2
        counters.servedByteCount = 500
        counters.requestCounts = ["read": 7, "lookup": 9]
        counters.errorAnswerCounts = ["EIO": 1]
        counters.waits = WaitStatistics(
            totalSeconds: 2.5,
            buckets: [
                .init(atMostSeconds: 0.1, count: 1), .init(atMostSeconds: 1, count: 2),
                .init(atMostSeconds: nil, count: 4),
            ])
        counters.retryCounts = ["unreachable": 3]
        counters.failureCounts = ["open": ["invalid": 1], "fetch": ["unreachable": 2, "denied": 0]]
        return DaemonStatus(
            version: "1.0 \"x\"", processID: 7, root: "/r", socketPath: "/s", startedAtSeconds: 100,
            keeper: KeeperStatus(kind: .keeper, processID: 40, deathCount: 2, isolatedCount: 1),
            store: StoreSummary(
                imageCount: 1, layerCount: 2, treeCount: 3, layerByteCount: 4000, treeByteCount: 500,
                partialByteCount: 60, freeByteCount: 1_000_000_000),
            mountCount: 4, waitingReaderCount: 5, downloads: [], counters: counters)
    }()

    @Test func `every number is in the text format`() {
        #expect(PrometheusText.text(Self.status) == Self.page)
    }

    private static let page = """
        # HELP imgfs_info The version of imgfs; always 1.
        # TYPE imgfs_info gauge
        imgfs_info{version="1.0 \\"x\\""} 1
        # HELP imgfs_start_time_seconds When the daemon was started, in seconds since 1970.
        # TYPE imgfs_start_time_seconds gauge
        imgfs_start_time_seconds 100
        # HELP imgfs_mounted_images Images that are mounted.
        # TYPE imgfs_mounted_images gauge
        imgfs_mounted_images 4
        # HELP imgfs_waiting_requests Requests of readers that wait for an image right now.
        # TYPE imgfs_waiting_requests gauge
        imgfs_waiting_requests 5
        # HELP imgfs_downloads Layers that are being fetched.
        # TYPE imgfs_downloads gauge
        imgfs_downloads 0
        # HELP imgfs_store_images Names of images in the store.
        # TYPE imgfs_store_images gauge
        imgfs_store_images 1
        # HELP imgfs_store_layers Unpacked layers in the store.
        # TYPE imgfs_store_layers gauge
        imgfs_store_layers 2
        # HELP imgfs_store_trees Merged trees in the store.
        # TYPE imgfs_store_trees gauge
        imgfs_store_trees 3
        # HELP imgfs_store_bytes Bytes in the store.
        # TYPE imgfs_store_bytes gauge
        imgfs_store_bytes{kind="layers"} 4000
        imgfs_store_bytes{kind="trees"} 500
        imgfs_store_bytes{kind="partials"} 60
        # HELP imgfs_store_free_bytes Bytes that the store's file system has left.
        # TYPE imgfs_store_free_bytes gauge
        imgfs_store_free_bytes 1000000000
        # HELP imgfs_kept Whether mounts outlive the daemon.
        # TYPE imgfs_kept gauge
        imgfs_kept 1
        # HELP imgfs_keeper_daemon_deaths Daemons that died since the keeper was started.
        # TYPE imgfs_keeper_daemon_deaths gauge
        imgfs_keeper_daemon_deaths 2
        # HELP imgfs_isolated_images Mounted images that answer with EIO, since they ended daemons.
        # TYPE imgfs_isolated_images gauge
        imgfs_isolated_images 1
        # HELP imgfs_fetched_bytes_total Bytes of layers' blobs that arrived.
        # TYPE imgfs_fetched_bytes_total counter
        imgfs_fetched_bytes_total{from="registry"} 1000
        imgfs_fetched_bytes_total{from="local"} 20
        # HELP imgfs_unpacked_bytes_total Bytes of layers' archives that were unpacked.
        # TYPE imgfs_unpacked_bytes_total counter
        imgfs_unpacked_bytes_total 3000
        # HELP imgfs_unpacked_layers_total Layers that were unpacked.
        # TYPE imgfs_unpacked_layers_total counter
        imgfs_unpacked_layers_total 2
        # HELP imgfs_served_bytes_total Bytes of files' content that the kernel asked for.
        # TYPE imgfs_served_bytes_total counter
        imgfs_served_bytes_total 500
        # HELP imgfs_requests_total Requests of the kernel.
        # TYPE imgfs_requests_total counter
        imgfs_requests_total{kind="lookup"} 9
        imgfs_requests_total{kind="read"} 7
        # HELP imgfs_error_answers_total Answers to the kernel with an errno that means trouble.
        # TYPE imgfs_error_answers_total counter
        imgfs_error_answers_total{errno="EIO"} 1
        # HELP imgfs_wait_seconds How long requests waited for an image that was not there.
        # TYPE imgfs_wait_seconds histogram
        imgfs_wait_seconds_bucket{le="0.1"} 1
        imgfs_wait_seconds_bucket{le="1.0"} 3
        imgfs_wait_seconds_bucket{le="+Inf"} 7
        imgfs_wait_seconds_sum 2.5
        imgfs_wait_seconds_count 7
        # HELP imgfs_retries_total Attempts at a registry that failed and were followed by another.
        # TYPE imgfs_retries_total counter
        imgfs_retries_total{kind="unreachable"} 3
        # HELP imgfs_failures_total What failed for good.
        # TYPE imgfs_failures_total counter
        imgfs_failures_total{operation="fetch",kind="denied"} 0
        imgfs_failures_total{operation="fetch",kind="unreachable"} 2
        imgfs_failures_total{operation="open",kind="invalid"} 1

        """

    @Test func `labels are escaped`() {
        #expect(PrometheusText.escaped("a\\b\"c\nd") == #"a\\b\"c\nd"#)
    }
}

struct HTTPRequestLineTests {
    @Test(arguments: [
        ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", HTTPRequestLine.metrics),
        ("GET /metrics HTTP/1.0\n\n", .metrics), ("GET /metrics?x=1 HTTP/1.1\r\n\r\n", .metrics),
        ("GET / HTTP/1.1\r\n\r\n", .unknownPath), ("GET /metricsx HTTP/1.1\r\n\r\n", .unknownPath),
        ("POST /metrics HTTP/1.1\r\n\r\n", .otherMethod), ("HEAD /metrics HTTP/1.1\r\n\r\n", .otherMethod),
        ("GET /metrics\r\n\r\n", .malformed), ("GET /metrics HTTP/2\r\n\r\n", .malformed),
        ("GET  /metrics HTTP/1.1\r\n\r\n", .malformed), ("\r\n\r\n", .malformed), ("\u{0}\n\n", .malformed),
    ])
    func `a request is understood or refused`(head: String, line: HTTPRequestLine) {
        #expect(HTTPRequestLine(head: Array(head.utf8)) == line)
    }

    @Test(arguments: ["", "GET /metrics HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nHost: x\r\n"])
    func `a head that is not whole says nothing`(head: String) {
        #expect(HTTPRequestLine(head: Array(head.utf8)) == nil)
    }

    @Test func `an answer has the length of its body`() {
        let answer = HTTPRequestLine.metrics.answer { "é\n" }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(answer.hasSuffix("Content-Length: 3\r\nConnection: close\r\n\r\né\n"))
        #expect(HTTPRequestLine.metrics.answer { nil }.hasPrefix("HTTP/1.1 503 "))
        #expect(HTTPRequestLine.otherMethod.answer { "" }.contains("\r\nAllow: GET\r\n"))
    }
}
