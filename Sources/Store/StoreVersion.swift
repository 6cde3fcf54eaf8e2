import Glibc
import OCI

/// The file `version`: which layout the store has.
enum StoreVersion {
    static let current = 1

    /// Refuses what a newer imgfs made, and what is no store; marks a new store.
    static func check(_ paths: StorePaths) throws(StoreError) {
        let bytes = try PrivateFile.read(paths.version, limit: 64) ?? []
        // An empty file is what a power failure leaves of one that was just written.
        guard !bytes.isEmpty else { return try mark(paths) }
        guard let version = number(in: String(decoding: bytes, as: UTF8.self)) else {
            throw StoreError(
                kind: .invalid, description: "\(paths.version) is not what imgfs writes: is \(paths.root) a store?")
        }
        guard version <= current else {
            throw StoreError(
                kind: .unsupported,
                description: "the store \(paths.root) was made by a newer imgfs (layout \(version), this one knows "
                    + "\(current)): use that one, or another directory")
        }
    }

    static func number(in text: String) -> Int? {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0] == "imgfs", fields[1] == "store", fields[2].hasSuffix("\n") else {
            return nil
        }
        return Int(fields[2].dropLast()).flatMap { $0 >= 1 ? $0 : nil }
    }

    private static func mark(_ paths: StorePaths) throws(StoreError) {
        try Directory.removeAll(paths.version)
        try PrivateFile.write(Array("imgfs store \(current)\n".utf8), to: paths.version)
    }
}
