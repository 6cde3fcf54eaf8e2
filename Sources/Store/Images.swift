import Content
import FoundationEssentials
import Glibc
import Logging
public import OCI
import SQLite

/// An image in the catalogue.
public struct StoredImage: Sendable, Equatable {
    public var image: Image
    /// The platform that was asked for, in its normal form; `image.platform` is what was found for it.
    public var platform: Platform
    /// Seconds since 1970 when the name was resolved last.
    public var resolvedAtSeconds: Int64
    /// Seconds since 1970 when the image was mounted or pulled last.
    public var usedAtSeconds: Int64
}

/// A chain of layers that the catalogue knows.
public struct ChainRecord: Sendable, Equatable {
    public var chainID: Digest
    /// The lowest first; blobs and their diffIDs.
    public var layers: [Image.Layer]
    /// Images that begin with these layers: each of them can provide the blobs.
    public var images: [Image]
}

extension Store {
    /// Remembers what the name of `image` led to when `platform` was asked for.
    public func record(_ image: Image, for platform: Platform) throws(StoreError) {
        let now = Value.integer(Int64(time(nil)))
        let name = Value.text(image.name)
        let key = Value.text(platform.normalized.description)
        let json = try Self.encode(image)
        var chains = image.chainIDs.enumerated().map { (chainID: $1, layerCount: $0 + 1) }
        if chains.isEmpty { chains.append((Image.emptyChainID, 0)) }
        for path in [image.rootDigest, image.manifestDigest, image.configDigest].map(paths.document) {
            recent.insert(path)
        }
        for diffID in image.layers.map(\.diffID) { recent.insert(paths.layer(diffID)) }
        try catalogue.use { (connection) throws(SQLiteError) in
            try connection.transaction { (connection) throws(SQLiteError) in
                try connection.run("DELETE FROM images WHERE name = ? AND platform = ?", name, key)
                try connection.run("INSERT INTO images VALUES (?, ?, ?, ?, ?)", name, key, .text(json), now, now)
                for chain in chains {
                    try connection.run(
                        "INSERT OR REPLACE INTO chains VALUES (?, ?, ?, ?)", .text(chain.chainID.description), name,
                        key, .integer(Int64(chain.layerCount)))
                }
            }
        }
    }

    /// What the name led to when it was resolved last for this platform; nil when it never was.
    public func image(named name: String, platform: Platform) throws(StoreError) -> Image? {
        let rows = try catalogue.use { (connection) throws(SQLiteError) in
            try connection.query(
                "SELECT image FROM images WHERE name = ? AND platform = ?", .text(name),
                .text(platform.normalized.description)
            ) { $0.text(0) }
        }
        return rows.first.flatMap(decode)
    }

    /// All images, by name and platform.
    public func images() throws(StoreError) -> [StoredImage] {
        let rows = try catalogue.use { (connection) throws(SQLiteError) in
            try connection.query("SELECT image, platform, resolved_at, used_at FROM images ORDER BY name, platform") {
                ($0.text(0), $0.text(1), $0.integer(2), $0.integer(3))
            }
        }
        return rows.compactMap { json, platform, resolvedAt, usedAt in
            guard let image = decode(json), let platform = try? Platform(parsing: platform) else { return nil }
            return StoredImage(
                image: image, platform: platform, resolvedAtSeconds: resolvedAt, usedAtSeconds: usedAt)
        }
    }

    /// Forgets the name for one platform, or for all. Its layers stay until `prune`. Returns the platforms it was
    /// stored for; empty when it was not.
    public func removeImage(named name: String, platform: Platform? = nil) throws(StoreError) -> [Platform] {
        let key = platform.map { Value.text($0.normalized.description) } ?? .null
        let removed = try catalogue.use { (connection) throws(SQLiteError) in
            try connection.query(
                "DELETE FROM images WHERE name = ?1 AND (?2 IS NULL OR platform = ?2) RETURNING platform", .text(name),
                key
            ) { $0.text(0) }
        }
        return removed.sorted().compactMap { try? Platform(parsing: $0) }
    }

    /// What is known about a chain; nil when no image begins with it.
    public func chain(_ chainID: Digest) throws(StoreError) -> ChainRecord? {
        let rows = try catalogue.use { (connection) throws(SQLiteError) in
            try connection.query(
                """
                SELECT image, layer_count FROM chains JOIN images USING (name, platform)
                WHERE chain_id = ? ORDER BY resolved_at DESC, name
                """, .text(chainID.description)
            ) { ($0.text(0), Int($0.integer(1))) }
        }
        let images = rows.compactMap { json, count in decode(json).map { ($0, count) } }
        guard let (first, count) = images.first, (0...first.layers.count).contains(count) else { return nil }
        // The table may be damaged where SQLite does not see it.
        guard (first.chainIDs.prefix(count).last ?? Image.emptyChainID) == chainID else { return nil }
        return ChainRecord(chainID: chainID, layers: Array(first.layers.prefix(count)), images: images.map(\.0))
    }

    /// Notes that the chain is used: images that are exactly this chain count as used now.
    public func touch(_ chainID: Digest) throws(StoreError) {
        try catalogue.use { (connection) throws(SQLiteError) in
            _ = try connection.run(
                """
                UPDATE images SET used_at = ?1 WHERE (name, platform) IN
                    (SELECT name, platform FROM chains WHERE chain_id = ?2)
                """, .integer(Int64(time(nil))), .text(chainID.description))
        }
    }

    private static func encode(_ image: Image) throws(StoreError) -> String {
        do {
            let json = [UInt8](try JSONEncoder().encode(image))
            return "\(SHA256.digest(of: json)) " + String(decoding: json, as: UTF8.self)
        } catch {
            throw StoreError(kind: .fault, description: "image \(image.name) cannot be written as JSON: \(error)")
        }
    }

    /// nil for what is damaged, or what another version wrote in a way that this one cannot read: the name is then resolved
    /// again.
    private func decode(_ text: String) -> Image? {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, SHA256.digest(of: Array(parts[1].utf8)).description == parts[0] else {
            logger.warning("an image in the catalogue is damaged; its name is resolved again")
            return nil
        }
        do {
            return try JSONDecoder().decode(Image.self, from: Data(parts[1].utf8))
        } catch {
            logger.warning("an image in the catalogue cannot be read", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
