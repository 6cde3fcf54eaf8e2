import Glibc
import Synchronization
import SystemPackage

/// A file that is there once something was written to it.
final class GrowingFile: Sendable {
    let path: String
    private let file = Mutex<PrivateFile?>(nil)

    init(path: String) { self.path = path }

    private func opened(_ flags: Int32 = 0) throws(StoreError) -> PrivateFile? {
        try file.withLock { (file) throws(StoreError) -> PrivateFile? in
            if file == nil { file = try PrivateFile.open(path, O_RDWR | O_APPEND | flags) }
            return file
        }
    }

    func byteCount() throws(StoreError) -> Int64 { try opened()?.byteCount() ?? 0 }

    func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) { try opened(O_CREAT)?.write(bytes) }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StoreError) -> Int {
        try opened()?.read(into: buffer, at: offset) ?? 0
    }

    func remove() throws(StoreError) {
        file.withLock { $0 = nil }
        try Directory.removeAll(path)
    }

    func truncate(_ byteCount: Int64) throws(StoreError) {
        guard let file = try opened() else { return }
        guard ftruncate(file.descriptor.rawValue, off_t(byteCount)) == 0 else {
            throw .system("truncate \(path)", errno)
        }
    }
}
