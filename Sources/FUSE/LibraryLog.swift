import CFuse
import Glibc
import Logging
import Synchronization

/// Leads what libfuse has to say, which goes to standard error otherwise, into the daemon's log.
enum LibraryLog {
    /// libfuse has one log for all sessions: the first session's logger gets it.
    private static let logger = Mutex<Logger?>(nil)

    static func use(_ new: Logger) {
        let isFirst = logger.withLock { logger in
            defer { logger = logger ?? new }
            return logger == nil
        }
        if isFirst { fuse_set_log_func(writeLibraryLog) }
    }

    fileprivate static func write(_ level: fuse_log_level, _ text: String) {
        guard let logger = logger.withLock({ $0 }) else { return }
        let line = text.split(separator: "\n").joined(separator: " ")
        logger.log(level: level.rawValue <= FUSE_LOG_ERR.rawValue ? .error : .info, "libfuse: \(line)")
    }
}

private func writeLibraryLog(_ level: fuse_log_level, _ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?) {
    guard let format, let arguments else { return }
    let text = String(unsafeUninitializedCapacity: 512) { memory in
        memory.withMemoryRebound(to: CChar.self) { memory in
            let count = vsnprintf(memory.baseAddress, memory.count, format, arguments)
            return max(0, min(Int(count), memory.count - 1))
        }
    }
    LibraryLog.write(level, text)
}
