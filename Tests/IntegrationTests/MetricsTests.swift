import Control
import FoundationEssentials
import Glibc
import OCI
import Testing

/// Metrics of a daemon that serves.
@Suite(.timeLimit(.minutes(2)))
struct MetricsTests {
    /// The samples of a page.
    private func samples(_ page: String) -> [String: Double] {
        page.split(separator: "\n").reduce(into: [:]) { samples, line in
            guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return }
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
    }

    @Test func `a port of the loopback interface has what status has`() throws {
        let remote = try RemoteImage(scripts: ["head -c 300000 /dev/urandom >f"])
        let installation = try Installation()
        let port = try freePort()
        try installation.startDaemon("--metrics", "127.0.0.1:\(port)")
        let target = try installation.mount(remote.reference)
        let url = "http://127.0.0.1:\(port)"
        let before = samples(try output("curl", "-sSf", url + "/metrics"))
        #expect(before["imgfs_fetched_bytes_total{from=\"registry\"}"] == 0)
        #expect(before["imgfs_mounted_images"] == 1)

        try output("cat", target + "/f")
        let after = samples(try output("curl", "-sSf", url + "/metrics"))
        #expect(after["imgfs_fetched_bytes_total{from=\"registry\"}"] == Double(remote.image.layers[0].size))
        #expect(after["imgfs_fetched_bytes_total{from=\"local\"}"] == 0)
        #expect(after["imgfs_unpacked_layers_total"] == 1)
        #expect(after["imgfs_unpacked_bytes_total"] ?? 0 > 300_000)
        // Read ahead may ask for whole pages only up to the end of the file.
        #expect(after["imgfs_served_bytes_total"] == 300_000)
        #expect(after["imgfs_requests_total{kind=\"read\"}"] ?? 0 > 0)
        #expect(after["imgfs_wait_seconds_count"] ?? 0 > 0)
        #expect(after["imgfs_wait_seconds_bucket{le=\"+Inf\"}"] == after["imgfs_wait_seconds_count"])
        #expect(after["imgfs_store_layers"] == 1)

        let status = try JSONDecoder().decode(
            DaemonStatus.self, from: Data(installation.imgfs("status", "--json").output.utf8))
        #expect(status.counters?.servedByteCount == 300_000)
        #expect(status.counters?.fetchedByteCounts.registry == Int64(remote.image.layers[0].size))
        #expect(status.counters?.unpackedLayerCount == 1)

        let head = try output("curl", "-sSi", url + "/metrics")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(head.contains("Content-Type: text/plain; version=0.0.4"))
        #expect(try output("curl", "-sSi", url + "/").hasPrefix("HTTP/1.1 404 "))
        #expect(try output("curl", "-sSi", "-d", "x", url + "/metrics").hasPrefix("HTTP/1.1 405 "))
        let name = String(repeating: "x", count: 20_000)
        #expect(try run("curl", "-sS", "-H", "X-Long: \(name)", url + "/metrics").status != 0)
        #expect(try output("curl", "-sSf", url + "/metrics").contains("imgfs_info"))
    }

    @Test func `failures and retries are counted by kind`() throws {
        let remote = try RemoteImage(scripts: ["echo 1 >one"])
        let installation = try Installation()
        try installation.startDaemon("--attempts", "2")
        let target = try installation.mount(remote.reference)
        remote.proxy.stop()
        #expect(try run("cat", target + "/one").status != 0)
        let status = try JSONDecoder().decode(
            DaemonStatus.self, from: Data(installation.imgfs("status", "--json").output.utf8))
        let counters = try #require(status.counters)
        #expect(counters.retryCounts["unreachable"] ?? 0 > 0)
        #expect(counters.failureCounts["fetch"]?["unreachable"] ?? 0 > 0)
        #expect(counters.failureCounts["open"]?["unreachable"] ?? 0 > 0)
        #expect(counters.errorAnswerCounts["ETIMEDOUT"] ?? 0 > 0)
    }

    @Test func `a daemon that was restarted serves them again, from zero`() throws {
        let image = try TestImage(scripts: ["head -c 200000 /dev/zero >f"])
        let installation = try Installation()
        let path = installation.directory.path("metrics.sock")
        try installation.startKeeper("--metrics", "unix:\(path)")
        let target = try installation.mount(image.source)
        try output("cat", target + "/f")
        func page() throws -> [String: Double] {
            samples(try output("curl", "-sSf", "--unix-socket", path, "http://localhost/metrics"))
        }
        #expect(try page()["imgfs_served_bytes_total"] == 200_000)
        #expect(try output("stat", "-c", "%a", path) == "600\n")
        for number in [SIGKILL, SIGTERM] {
            let former = try installation.servingWorker()
            kill(former, number)
            _ = try installation.servingWorker(not: former)
            let again = try page()
            #expect(again["imgfs_served_bytes_total"] == 0)
            #expect(again["imgfs_mounted_images"] == 1)
            // The successor has not looked at the image yet, and knows all about it.
            let explained = try installation.imgfs("explain", target + "/f")
            #expect(explained.output.contains("1 of 1, stored"), "\(explained.text)")
        }
        #expect(try output("cat", target + "/f").count == 200_000)
    }

    @Test func `nobody but this machine can be let in`() throws {
        let installation = try Installation()
        for address in ["0.0.0.0:9000", "192.0.2.1:9000", "[::]:9000", "localhost:9000"] {
            let outcome = try installation.imgfs("daemon", "--metrics", address)
            #expect(outcome.status == 1)
            #expect(outcome.text.contains("is not a loopback address"), "\(outcome.text)")
        }
        let port = try freePort()
        try installation.startDaemon("--metrics", "127.0.0.2:\(port)")
        #expect(try output("curl", "-sSf", "http://127.0.0.2:\(port)/metrics").contains("imgfs_info"))
        let other = try Installation()
        let inUse = try other.imgfs("daemon", "--metrics", "127.0.0.2:\(port)")
        #expect(inUse.status == 2)
        #expect(inUse.text.contains("metrics cannot be served at 127.0.0.2:\(port)"), "\(inUse.text)")

        try write("", to: installation.directory.path("file"))
        let outcome = try other.imgfs("daemon", "--metrics", "unix:" + installation.directory.path("file"))
        #expect(outcome.status == 1)
        #expect(outcome.text.contains("is no socket"), "\(outcome.text)")
    }
}
