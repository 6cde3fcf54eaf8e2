import SQLite

/// The catalogue's tables.
enum CatalogueSchema {
    /// Never changed once released, only added to. Each changes the tables: by that a version that was written is told
    /// from one that is damaged. Tables are compared by the text that made them, so none may say ALTER, which rewrites
    /// that text, not alike in all versions of SQLite: make another table, copy, drop the former.
    static let migrations = [
        """
        -- What names led to when they were resolved last.
        CREATE TABLE images (
            name TEXT NOT NULL,             -- canonical
            platform TEXT NOT NULL,         -- that was asked for: os/architecture[/variant]
            image TEXT NOT NULL,            -- digest, a space, OCI.Image as JSON with it
            resolved_at INTEGER NOT NULL,   -- seconds since 1970
            used_at INTEGER NOT NULL,       -- seconds since 1970: last mount or pull
            PRIMARY KEY (name, platform)
        ) WITHOUT ROWID;

        -- The chains that these images are made of, so that each can be mounted by its chainID.
        CREATE TABLE chains (
            chain_id TEXT NOT NULL,         -- sha256:...
            name TEXT NOT NULL,
            platform TEXT NOT NULL,
            layer_count INTEGER NOT NULL,   -- how many of the image's layers, from the lowest
            PRIMARY KEY (chain_id, name, platform),
            FOREIGN KEY (name, platform) REFERENCES images ON DELETE CASCADE
        ) WITHOUT ROWID;
        CREATE INDEX chains_by_image ON chains (name, platform);
        """
    ]

    /// What a file's version and tables say about who wrote it.
    enum Verdict: Equatable {
        /// This imgfs, or an older one.
        case known
        case newer
        /// Nobody: no imgfs writes that version with these tables.
        case impossible(String)
    }

    /// - Parameters:
    ///   - version: `user_version` of the file.
    ///   - tables: the statements that made its tables and indexes, by name.
    ///   - known: the same after no migration, after one, and so on.
    static func verdict(version: Int64, tables: [String], known: [[String]]) -> Verdict {
        if let expected = Int(exactly: version), known.indices.contains(expected) {
            return known[expected] == tables ? .known : .impossible("its tables are not those of version \(version)")
        }
        if version < 0 { return .impossible("it has version \(version)") }
        return known.contains(tables) ? .impossible("its tables are not those of a version \(version)") : .newer
    }

    /// Reads nothing but the schema.
    static func verdict(
        on connection: borrowing Connection, migrations: [String] = migrations
    ) throws(SQLiteError) -> Verdict {
        let model = try Connection(path: ":memory:")
        var known = [try tables(of: model)]
        for script in migrations {
            try model.execute(script)
            known.append(try tables(of: model))
        }
        return verdict(version: try connection.userVersion(), tables: try tables(of: connection), known: known)
    }

    /// Without what SQLite adds by itself.
    private static func tables(of connection: borrowing Connection) throws(SQLiteError) -> [String] {
        try connection.query(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' ORDER BY name"
        ) { $0.text(0) }
    }
}
