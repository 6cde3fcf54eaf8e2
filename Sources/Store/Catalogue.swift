import Glibc
import Logging
import OCI
import SQLite
import Synchronization

/// The SQLite database of images. It can be lost without harm: names are then resolved again.
///
/// The connection stands behind a mutex, and statements are short: nobody waits for files or the network in there.
final class Catalogue: Sendable {
    private let path: String
    private let logger: Logger
    private let connection: Mutex<Connection>

    init(path: String, logger: Logger) throws(StoreError) {
        self.path = path
        self.logger = logger
        connection = Mutex(try Self.open(path, logger: logger))
    }

    /// Runs `body` with the connection. When the database turns out to be damaged, it is set aside and `body` runs
    /// again with an empty one.
    func use<Result: Sendable>(
        _ body: (borrowing Connection) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        try connection.withLock { (connection) throws(StoreError) in
            do throws(SQLiteError) {
                return try body(connection)
            } catch {
                // The catalogue's statements keep every constraint: what breaks one is damage that SQLite has not noticed.
                guard error.isDamage || error.isContradiction else { throw .catalogue(error, path: path) }
                try Self.setAside(path, because: error, logger: logger)
            }
            connection = try Self.open(path, logger: logger)
            do throws(SQLiteError) {
                return try body(connection)
            } catch {
                throw .catalogue(error, path: path)
            }
        }
    }

    /// What SQLite finds wrong with the database; nil when it is nothing.
    func problem() throws(StoreError) -> String? {
        let complaints = try use { (connection) throws(SQLiteError) in
            try connection.query("PRAGMA integrity_check(1)") { $0.text(0) }
        }
        return complaints == ["ok"] ? nil : complaints.first
    }

    /// Starts an empty database in place of this one.
    func renew(because problem: String) throws(StoreError) {
        try connection.withLock { (connection) throws(StoreError) in
            try Self.setAside(path, because: .damage(problem), logger: logger)
            connection = try Self.open(path, logger: logger)
        }
    }

    private static func open(_ path: String, logger: Logger) throws(StoreError) -> Connection {
        do throws(SQLiteError) {
            if let connection = try connect(path) { return connection }
        } catch {
            guard error.isDamage else { throw .catalogue(error, path: path) }
            try setAside(path, because: error, logger: logger)
            do throws(SQLiteError) {
                if let connection = try connect(path) { return connection }
            } catch {
                throw .catalogue(error, path: path)
            }
        }
        throw newer(path)
    }

    static func newer(_ path: String) -> StoreError {
        StoreError(
            kind: .unsupported,
            description: "the catalogue \(path) was made by a newer imgfs (this one knows version "
                + "\(CatalogueSchema.migrations.count)): use that one, or another store")
    }

    /// nil when a newer imgfs made the file.
    private static func connect(_ path: String) throws(SQLiteError) -> Connection? {
        let connection = try Connection(path: path)
        // WAL with NORMAL: a power failure may lose the last transactions, never the database.
        try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
        let complaints = try connection.query("PRAGMA quick_check(1)") { $0.text(0) }
        guard complaints == ["ok"] else { throw .damage(complaints.first ?? "quick_check says nothing") }
        guard try connection.migrate(CatalogueSchema.migrations) else { return nil }
        return connection
    }

    /// Renames a damaged database, over one that was set aside before.
    private static func setAside(_ path: String, because problem: SQLiteError, logger: Logger) throws(StoreError) {
        logger.error(
            "the catalogue is damaged; starting an empty one, names will be resolved again",
            metadata: ["path": "\(path)", "kept": "\(path).damaged", "problem": "\(problem)"])
        guard rename(path, path + ".damaged") == 0 || errno == ENOENT else {
            throw .system("set aside \(path)", errno)
        }
        for suffix in ["-wal", "-shm"] {
            guard unlink(path + suffix) == 0 || errno == ENOENT else { throw .system("remove \(path)\(suffix)", errno) }
        }
    }
}

/// The catalogue's tables. Scripts are never changed once released, only added to.
enum CatalogueSchema {
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
}
