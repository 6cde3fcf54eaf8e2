import CLinux
import Glibc
import OCI
import SystemPackage

/// One process per store: an flock(2) that the kernel drops when the process ends, however it ends.
final class StoreLock: Sendable {
    private let file: PrivateFile

    /// Takes the lock, or throws an error that names the process that still has it after `waitSeconds`.
    init(path: String, root: String, waitSeconds: Double = 0) throws(StoreError) {
        guard let file = try PrivateFile.open(path, O_RDWR | O_CREAT) else { throw .system("create \(path)", ENOENT) }
        let deadline = ContinuousClock.now + .seconds(waitSeconds)
        while retrying({ flock(file.descriptor.rawValue, LOCK_EX | LOCK_NB) }) != 0 {
            if errno == EWOULDBLOCK, ContinuousClock.now < deadline {
                usleep(2_000)
                continue
            }
            guard errno == EWOULDBLOCK else { throw .system("lock \(path)", errno) }
            throw Self.owned(by: try Self.owner(in: file), root: root)
        }
        self.file = file
        try Self.write(owner: getpid(), to: file)
    }

    private static func owned(by processID: Int32?, root: String) -> StoreError {
        let owner = processID.map { "process \($0)" } ?? "another process"
        return StoreError(
            kind: .denied,
            description: "the store \(root) is in use by \(owner); a store has one daemon, stop that one first",
            ownerProcessID: processID)
    }

    /// The process that wrote its number last; nil when it has not come to it yet.
    private static func owner(in file: PrivateFile) throws(StoreError) -> Int32? {
        let text = String(decoding: try file.contents(limit: 64) ?? [], as: UTF8.self)
        return Int32(text.prefix { $0.isNumber })
    }

    private static func write(owner: Int32, to file: PrivateFile) throws(StoreError) {
        guard ftruncate(file.descriptor.rawValue, 0) == 0 else { throw .system("write \(file.path)", errno) }
        do throws(StoreError) {
            try file.write(Array("\(owner)\n".utf8))
        } catch  where error.kind == .storeFull {
            // The lock holds without the number, and a full store must open: how else to free something in it.
        }
    }
}
