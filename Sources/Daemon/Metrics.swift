import Control
import Logging
import Threads

extension Service {
    /// Begins to serve metrics where the configuration wants them; nil when it does not.
    ///
    /// - Parameter isRequired: false for a daemon that has mounts to serve already: for their sake it starts without.
    func startMetrics(isRequired: Bool) throws(DaemonError) -> MetricsServer? {
        guard let address = configuration.metricsAddress else { return nil }
        do throws(DaemonError) {
            return try MetricsServer(address) { [self] in metricsText() }
        } catch {
            if isRequired { throw error }
            logger.error("metrics are not served", metadata: ["cause": "\(error)"])
            return nil
        }
    }

    /// Blocks until the status is known; nil when it cannot be.
    private func metricsText() -> String? {
        let answer = Monitor<Result<DaemonStatus, any Error>?>(nil)
        Task {
            let result: Result<DaemonStatus, any Error>
            do {
                result = .success(try await status())
            } catch {
                result = .failure(error)
            }
            answer.withLock { $0 = result }
            answer.notifyAll()
        }
        switch answer.wait({ $0 }) {
        case .success(let status): return PrometheusText.text(status)
        case .failure(let error):
            logger.warning("the status for metrics is not known", metadata: ["cause": "\(describe(error).text)"])
            return nil
        }
    }
}
