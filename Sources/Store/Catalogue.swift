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
    private let migrations: [String]
    private let logger: Logger
    private let connection: Mutex<Connection>

    init(
        path: String, migrations: [String] = CatalogueSchema.migrations, logger: Logger
    ) throws(StoreError) {
        self.path = path
        self.migrations = migrations
        self.logger = logger
        connection = Mutex(try Self.open(path, migrations, logger))
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
            connection = try Self.open(path, migrations, logger)
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
            connection = try Self.open(path, migrations, logger)
        }
    }

    private static func open(
        _ path: String, _ migrations: [String], _ logger: Logger
    ) throws(StoreError) -> Connection {
        do throws(SQLiteError) {
            if let connection = try connect(path, migrations) { return connection }
        } catch {
            guard error.isDamage else { throw .catalogue(error, path: path) }
            try setAside(path, because: error, logger: logger)
            do throws(SQLiteError) {
                if let connection = try connect(path, migrations) { return connection }
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
    private static func connect(_ path: String, _ migrations: [String]) throws(SQLiteError) -> Connection? {
        let connection = try Connection(path: path)
        let complaints: [String]
        do {
            // WAL with NORMAL: a power failure may lose the last transactions, never the database.
            try connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
            complaints = try connection.query("PRAGMA quick_check(1)") { $0.text(0) }
        } catch  where error.isUnreadableFormat {
            throw .damage(error.message)
        }
        guard complaints == ["ok"] else { throw .damage(complaints.first ?? "quick_check says nothing") }
        if connection.isReadOnly { throw .damage("it may only be read") }
        switch try CatalogueSchema.verdict(on: connection, migrations: migrations) {
        case .known: break
        case .newer: return nil
        case .impossible(let problem): throw .damage(problem)
        }
        guard try connection.migrate(migrations) else { return nil }
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
