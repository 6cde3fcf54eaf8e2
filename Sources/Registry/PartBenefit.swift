/// Whether several requests at once would bring a blob sooner than the one that is running.
///
/// One TCP connection carries at most its window in each round trip, and object stores limit what they send over one.
/// Where the path is short, or the reader is slower than the network, more requests bring nothing and cost something.
struct PartBenefit: Sendable, Equatable {
    /// From a request to the head of its response, the server's own time included. A LAN, or a cloud's own network, is
    /// well below.
    var minimumLatencySeconds = 0.02
    /// Spent waiting for the network before anything is said: less says nothing about the stream.
    var minimumWaitSeconds = 0.5
    /// Of all time, the share that was spent waiting for the network. Below it the reader is what holds the stream up.
    var minimumWaitShare = 0.5
    /// How many latencies the rest takes at the present speed: new connections cost about half of it until they are fast.
    var minimumLatenciesLeft = 10.0
    /// How many latencies the stream goes on until a part is there: TCP, TLS and the request take about four.
    var leadLatencies = 4.0

    /// What a stream has shown so far.
    struct Measurement: Sendable, Equatable {
        var latencySeconds: Double
        /// In which the reader waited for the network.
        var waitedSeconds: Double
        /// In which the network waited for the reader.
        var busySeconds: Double
        var byteCount: Int64

        var seconds: Double { waitedSeconds + busySeconds }
    }

    func isGiven(by measured: Measurement, missingByteCount: Int64) -> Bool {
        guard measured.byteCount > 0, measured.latencySeconds >= minimumLatencySeconds,
            measured.waitedSeconds >= minimumWaitSeconds, measured.waitedSeconds >= minimumWaitShare * measured.seconds
        else { return false }
        let secondsLeft = Double(missingByteCount) * measured.seconds / Double(measured.byteCount)
        return secondsLeft >= minimumLatenciesLeft * measured.latencySeconds
    }

    /// What the stream is going to bring before the first part can be there; at most what is missing.
    func leadByteCount(by measured: Measurement, missingByteCount: Int64) -> Int64 {
        let leadSeconds = leadLatencies * measured.latencySeconds
        guard measured.seconds > 0, leadSeconds > 0 else { return 0 }
        return Int64(min(Double(missingByteCount), Double(measured.byteCount) / measured.seconds * leadSeconds))
    }
}

/// Takes the time of one stream, over all of its attempts. Waits between attempts do not count.
struct StreamMeter {
    private(set) var measurement = PartBenefit.Measurement(
        latencySeconds: 0, waitedSeconds: 0, busySeconds: 0, byteCount: 0)
    private var last: ContinuousClock.Instant?

    /// The head of a response is there.
    mutating func answered(afterSeconds latency: Double, at now: ContinuousClock.Instant = .now) {
        measurement.latencySeconds = latency
        last = now
    }

    mutating func arrived(byteCount: Int, at now: ContinuousClock.Instant = .now) {
        measurement.byteCount += Int64(byteCount)
        if let last { measurement.waitedSeconds += (now - last) / .seconds(1) }
        last = now
    }

    /// The reader has done with what arrived.
    mutating func taken(at now: ContinuousClock.Instant = .now) {
        if let last { measurement.busySeconds += (now - last) / .seconds(1) }
        last = now
    }
}
