import ArgumentParser
import Control

/// Options of `imgfs daemon` that go on to the daemon that is started, and from one daemon to its successor.
///
/// nil is what was not given.
struct DaemonSettings: ParsableArguments {
    private static let defaults = DaemonConfiguration()

    @Option(
        help: ArgumentHelp(
            "Layers that are fetched at the same time. (default: \(Self.defaults.maximumDownloads))", valueName: "n"))
    var maxDownloads: Int?

    @Option(
        help: ArgumentHelp(
            "Ranged requests at once for one big layer, where the registry is far away; 1 for none."
                + " (default: \(Self.defaults.maximumParts))", valueName: "n"))
    var maxParts: Int?

    @Option(
        help: ArgumentHelp(
            "Time to connect to a registry. (default: \(Self.defaults.connectTimeoutSeconds))", valueName: "seconds"))
    var connectTimeout: Double?

    @Option(
        help: ArgumentHelp(
            "A transfer that stands still for so long is broken off. (default: \(Self.defaults.idleTimeoutSeconds))",
            valueName: "seconds"))
    var idleTimeout: Double?

    @Option(
        help: ArgumentHelp(
            "How often a failing request is tried. (default: \(Self.defaults.attempts))", valueName: "n"))
    var attempts: Int?

    @Option(
        help: ArgumentHelp(
            "No new attempt starts after this time. (default: \(Self.defaults.retryTimeSeconds))", valueName: "seconds")
    )
    var retryTime: Double?

    @Option(
        name: .customLong("limit"),
        help: ArgumentHelp(
            "Lets images have more, or less, of something; may be given several times. Names and defaults are in"
                + " docs/security.md.", valueName: "name=value"))
    var limitSettings: [String] = []

    @Option(
        help: ArgumentHelp(
            "Serve metrics for Prometheus at unix:PATH, 127.0.0.1:PORT or [::1]:PORT.", valueName: "address"))
    var metrics: String?

    @Option(
        help: ArgumentHelp(
            "trace, debug, info, notice, warning, error or critical. (default: \(Self.defaults.logLevel))",
            valueName: "level"), completion: .list(Self.logLevels))
    var logLevel: String?

    @Option(help: ArgumentHelp("Append the log to this file.", valueName: "file"), completion: .file())
    var logFile: String?

    @Option(
        help: ArgumentHelp(
            "The keeper ends a daemon that gives no sign of life for so long, at least 1; 0 for never. (default: 30.0)",
            valueName: "seconds"))
    var watchdog: Double?

    private static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    func validate() throws {
        _ = try limits
        _ = try metricsAddress
        if let maxDownloads, maxDownloads < 1 { throw ValidationError("--max-downloads is at least 1") }
        let partCounts = DaemonConfiguration.partCounts
        if let maxParts, !partCounts.contains(maxParts) {
            throw ValidationError("--max-parts is at least \(partCounts.lowerBound), at most \(partCounts.upperBound)")
        }
        if let attempts, attempts < 1 { throw ValidationError("--attempts is at least 1") }
        for (name, value) in [
            ("connect-timeout", connectTimeout), ("idle-timeout", idleTimeout), ("retry-time", retryTime),
        ] {
            guard let value, !(value > 0 && value <= 86_400) else { continue }
            throw ValidationError("--\(name) is more than 0 and at most 86400 seconds")
        }
        // Below a second a busy machine looks like a daemon that hangs.
        if let watchdog, watchdog != 0, !(watchdog >= 1 && watchdog <= 86_400) {
            throw ValidationError("--watchdog is 0, or at least 1 and at most 86400 seconds")
        }
        if let logLevel, !Self.logLevels.contains(logLevel) {
            throw ValidationError("--log-level is one of \(Self.logLevels.joined(separator: ", "))")
        }
    }

    /// With the path made absolute, since a daemon works in `/`.
    private var metricsAddress: MetricsAddress? {
        get throws {
            guard var text = metrics else { return nil }
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst("unix:".count))
                text = "unix:" + SourceText.absolutePath(path, workingDirectory: SourceText.workingDirectory())
            }
            do throws(MetricsAddress.ParseError) {
                return try MetricsAddress(parsing: text)
            } catch {
                throw ValidationError("--metrics: " + error.description)
            }
        }
    }

    /// Of a limit that is set twice the last value counts.
    private var limits: [ResourceLimit: UInt64] {
        get throws {
            var limits: [ResourceLimit: UInt64] = [:]
            for setting in limitSettings {
                do throws(ResourceLimit.ParseError) {
                    let (limit, value) = try ResourceLimit.parse(setting)
                    limits[limit] = value
                } catch {
                    throw ValidationError(error.description)
                }
            }
            return limits
        }
    }

    var absoluteLogFile: String? {
        logFile.map { SourceText.absolutePath($0, workingDirectory: SourceText.workingDirectory()) }
    }

    /// What was not given keeps its default.
    func apply(to configuration: inout DaemonConfiguration) throws {
        if let maxDownloads { configuration.maximumDownloads = maxDownloads }
        if let maxParts { configuration.maximumParts = maxParts }
        if let connectTimeout { configuration.connectTimeoutSeconds = connectTimeout }
        if let idleTimeout { configuration.idleTimeoutSeconds = idleTimeout }
        if let attempts { configuration.attempts = attempts }
        if let retryTime { configuration.retryTimeSeconds = retryTime }
        if let logLevel { configuration.logLevel = logLevel }
        configuration.limits = try limits
        configuration.metricsAddress = try metricsAddress
        configuration.watchdogSeconds = watchdog
    }

    /// These settings, and those of `former` where there are none. Limits are settings of their own each.
    func completed(from former: DaemonSettings) -> DaemonSettings {
        var result = self
        result.maxDownloads = maxDownloads ?? former.maxDownloads
        result.maxParts = maxParts ?? former.maxParts
        result.connectTimeout = connectTimeout ?? former.connectTimeout
        result.idleTimeout = idleTimeout ?? former.idleTimeout
        result.attempts = attempts ?? former.attempts
        result.retryTime = retryTime ?? former.retryTime
        result.limitSettings = former.limitSettings + limitSettings
        result.metrics = metrics ?? former.metrics
        result.logLevel = logLevel ?? former.logLevel
        result.logFile = logFile ?? former.logFile
        result.watchdog = watchdog ?? former.watchdog
        return result
    }

    /// What of this another daemon gets on its command line.
    var arguments: [String] {
        get throws {
            let numbers: [(String, String?)] = [
                ("--max-downloads", maxDownloads.map { "\($0)" }),
                ("--max-parts", maxParts.map { "\($0)" }), ("--connect-timeout", connectTimeout.map { "\($0)" }),
                ("--idle-timeout", idleTimeout.map { "\($0)" }), ("--attempts", attempts.map { "\($0)" }),
                ("--retry-time", retryTime.map { "\($0)" }), ("--watchdog", watchdog.map { "\($0)" }),
            ]
            let texts: [(String, String?)] = [
                ("--log-level", logLevel), ("--log-file", absoluteLogFile),
                ("--metrics", try metricsAddress?.description),
            ]
            let values =
                numbers + texts
                + (try limits).map { ("--limit", "\($0.key.rawValue)=\($0.value)") }.sorted { $0.1 < $1.1 }
            return values.flatMap { name, value in value.map { [name, $0] } ?? [] }
        }
    }
}
