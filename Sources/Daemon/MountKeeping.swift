import DescriptorStore
import FUSE
import Logging
import SystemPackage

/// Keeps sessions where a successor finds them: with systemd or the keeper.
final class MountKeeping: Sendable {
    let manager: ServiceManager
    let recorder: FlightRecorder
    private let logger: Logger

    init(manager: ServiceManager, recorder: FlightRecorder, logger: Logger) {
        self.manager = manager
        self.recorder = recorder
        self.logger = logger
    }

    /// What a new session is kept by. nil when the system gives no memory for it: the mount then ends with this process.
    func makeRecord() -> SessionRecord? {
        do throws(Errno) {
            return try SessionRecord(sessionID: recorder.newSessionID())
        } catch {
            logger.error(
                "a mount will not outlive this daemon: there is no memory file for it", metadata: ["cause": "\(error)"])
            return nil
        }
    }

    func keeping(_ record: SessionRecord) -> FuseSession.Keeping {
        FuseSession.Keeping(record: record) { [self] device in
            // Both in one message: one is worth nothing without the other.
            if !manager.store([device.rawValue, record.descriptor.rawValue], as: Self.name(record)) {
                logger.error("a mount will not outlive this daemon: the keeper is gone")
            }
        }
    }

    /// The session has ended.
    func drop(_ record: SessionRecord) { manager.remove(Self.name(record)) }

    /// Short: all names together are one environment variable.
    private static func name(_ record: SessionRecord) -> String { Inheritance.sessionPrefix + "\(record.sessionID)" }
}
