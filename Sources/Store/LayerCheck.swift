import Content
import Glibc
import LayerIndex
import OCI
import SystemPackage

/// Looks at every byte of a layer.
enum LayerCheck {
    /// What is wrong with the layer in directory `path`; nil when its archive has the digest `diffID` and its index is
    /// whole and of this layer.
    static func problem(
        of diffID: Digest, at path: String, isCancelled: () -> Bool = { false }
    ) throws(StoreError) -> String? {
        guard let data = try PrivateFile.open(path + "/" + LayerFile.data, O_RDONLY) else { return "no archive" }
        guard let file = try LoadedFile.open(path + "/" + LayerFile.index) else { return "no index" }
        let byteCount: UInt64
        do {
            byteCount = try LayerIndex(file, diffID: diffID).byteCount
        } catch {
            return error.description
        }
        let size = try data.byteCount()
        guard UInt64(size) == byteCount else { return "the archive has \(size) bytes, its index says \(byteCount)" }
        guard let digest = try digest(of: data, isCancelled: isCancelled) else { return nil }
        return digest == diffID ? nil : "the archive has the digest \(digest)"
    }

    /// nil when `isCancelled` said so.
    static func digest(of file: PrivateFile, isCancelled: () -> Bool) throws(StoreError) -> Digest? {
        posix_fadvise(file.descriptor.rawValue, 0, 0, POSIX_FADV_SEQUENTIAL)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = SHA256()
        var offset: Int64 = 0
        while true {
            if isCancelled() { return nil }
            let count = try file.read(into: buffer, at: offset)
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
            if count < buffer.count { return hasher.digest }
        }
    }
}
