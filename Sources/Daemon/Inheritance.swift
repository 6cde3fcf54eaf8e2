import DescriptorStore
import FUSE
import Glibc
import Logging
import SystemPackage

/// What this process was started with: its predecessor's sessions, and the flight recorder.
struct Inheritance {
    struct Session {
        var device: FileDescriptor
        var record: SessionRecord
    }

    static let sessionPrefix = "mount-"
    static let recorderName = "flight-recorder"

    /// Everything that was passed, for whoever looks for something else in it.
    var descriptors: [InheritedDescriptor] = []
    var sessions: [Session] = []
    var recorder: FlightRecorder?
    /// Names of sessions of which nothing is mounted any more, or that are no use.
    var leftovers: [String] = []

    init(_ descriptors: [InheritedDescriptor], logger: Logger) {
        self.descriptors = descriptors
        var pairs: [String: (device: Int32?, record: Int32?)] = [:]
        for passed in descriptors {
            if passed.name == Self.recorderName {
                takeRecorder(passed.descriptor, logger)
            } else if passed.name.hasPrefix(Self.sessionPrefix) {
                var status = stat()
                guard fstat(passed.descriptor, &status) == 0 else { continue }
                // The one is a device, the other a file in memory.
                if status.st_mode & S_IFMT == S_IFCHR {
                    pairs[passed.name, default: (nil, nil)].device = passed.descriptor
                } else {
                    pairs[passed.name, default: (nil, nil)].record = passed.descriptor
                }
            }
        }
        for (name, pair) in pairs { takeSession(name, pair.device, pair.record, logger) }
        sessions.sort { $0.record.sessionID < $1.record.sessionID }
    }

    private mutating func takeRecorder(_ descriptor: Int32, _ logger: Logger) {
        do throws(Errno) {
            recorder = try FlightRecorder(adopting: FileDescriptor(rawValue: descriptor))
        } catch {
            logger.error(
                "the flight recorder of the daemon before this one cannot be read", metadata: ["cause": "\(error)"])
            leftovers.append(Self.recorderName)
        }
    }

    private mutating func takeSession(_ name: String, _ device: Int32?, _ record: Int32?, _ logger: Logger) {
        var problem: String?
        if let device, let record {
            do throws(Errno) {
                let record = try SessionRecord(adopting: FileDescriptor(rawValue: record))
                if FuseSession.isMounted(FileDescriptor(rawValue: device)) {
                    sessions.append(Session(device: FileDescriptor(rawValue: device), record: record))
                    return
                }
            } catch {
                problem = "its record cannot be read: \(error)"
            }
        } else {
            problem = "one of its descriptors is missing"
            if let record { close(record) }
        }
        if let problem {
            logger.error(
                "a mount ends, since it cannot be taken over", metadata: ["name": "\(name)", "cause": "\(problem)"])
        }
        if let device { close(device) }
        leftovers.append(name)
    }
}
