import Glibc
import OCI

/// The file `version`: which layout the store has.
enum StoreVersion {
    static let current = 1

    /// Refuses what a newer imgfs made, and what is no store; marks a new store.
    static func check(_ paths: StorePaths) throws(StoreError) {
        if try !isKnown(paths) { try mark(paths) }
    }

    /// Refuses likewise; false for a new store.
    static func isKnown(_ paths: StorePaths) throws(StoreError) -> Bool {
        let bytes = try PrivateFile.read(paths.version, limit: 64) ?? []
        // An empty file is what a power failure leaves of one that was just written.
        guard !bytes.isEmpty else { return false }
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
        return true
    }

    static func number(in text: String) -> Int? {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0] == "imgfs", fields[1] == "store", fields[2].hasSuffix("\n") else {
            return nil
        }
        return Int(fields[2].dropLast()).flatMap { $0 >= 1 ? $0 : nil }
    }

    /// Synced, once in the life of a store: from then on, whatever has the names of a store's parts but no mark is
    /// somebody else's. An OCI image layout has `blobs` too.
    private static func mark(_ paths: StorePaths) throws(StoreError) {
        let present = try Directory.entries(of: paths.root)
        if let foreign = present.sorted().first(where: ["blobs", "layers", "trees", "staging"].contains) {
            throw StoreError(
                kind: .invalid,
                description: "\(paths.root) holds '\(foreign)' but no file 'version': it is no store of imgfs; give "
                    + "another directory")
        }
        try Directory.removeAll(paths.version)
        let file = try PrivateFile.create(paths.version)
        try file.write(Array("imgfs store \(current)\n".utf8))
        try file.synchronize()
        try Directory.synchronize(paths.root)
    }
}
