import CSQLite

/// A connection to a database file. One thread at a time may use it: its owner keeps it behind a lock.
///
/// Statements are compiled once and kept, so `sql` is meant to be a literal; values go into its `?`.
public struct Connection: ~Copyable, @unchecked Sendable {
    // The connection has no mutex of its own (SQLITE_OPEN_NOMUTEX) and moves between threads with this value.
    private let handle: OpaquePointer
    private var statements = StatementCache()

    /// Opens or creates the database.
    ///
    /// - Parameters:
    ///   - path: of the file; symbolic links are not followed. ":memory:" for one that nobody else sees.
    ///   - busyMilliseconds: how long to wait for another process that writes.
    public init(path: String, busyMilliseconds: Int32 = 5_000) throws(SQLiteError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard let handle else { throw SQLiteError(extendedCode: code, message: "out of memory") }
        guard code == SQLITE_OK else {
            let error = SQLiteError(connection: handle, sql: nil)
            sqlite3_close_v2(handle)
            throw error
        }
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, busyMilliseconds)
        self.handle = handle
    }

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
    }

    /// The file may only be read: by its permissions, or because its header says so. Known when something has been read.
    public var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

    /// Runs statements that take no values and whose rows nobody wants, separated by semicolons.
    public func execute(_ script: String) throws(SQLiteError) {
        guard sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else {
            throw SQLiteError(connection: handle, sql: script)
        }
    }

    /// Runs one statement for its effect. Returns how many rows it inserted, changed or deleted.
    @discardableResult
    public func run(_ sql: String, _ values: Value...) throws(SQLiteError) -> Int {
        let before = sqlite3_total_changes64(handle)
        try statements.statement(for: sql, connection: handle) { (statement) throws(SQLiteError) in
            try statement.run(values) { _ in }
        }
        return Int(sqlite3_total_changes64(handle) - before)
    }

    /// The rows of one statement, each made into something by `row`.
    public func query<Element>(
        _ sql: String, _ values: Value..., row: (borrowing Row) throws(SQLiteError) -> Element
    ) throws(SQLiteError) -> [Element] {
        var elements: [Element] = []
        try statements.statement(for: sql, connection: handle) { (statement) throws(SQLiteError) in
            try statement.run(values) { (current) throws(SQLiteError) in elements.append(try row(current)) }
        }
        return elements
    }

    /// Runs `body` in a transaction: all of it happens, or nothing when it throws. Not to be nested.
    public func transaction<Result>(
        _ body: (borrowing Connection) throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        try run("BEGIN IMMEDIATE")
        let result: Result
        do {
            result = try body(self)
            try run("COMMIT")
        } catch {
            // After some errors (a full disk among them) SQLite has rolled back by itself.
            if sqlite3_get_autocommit(handle) == 0 { try run("ROLLBACK") }
            throw error
        }
        return result
    }

    /// What PRAGMA user_version holds: the number of migrations that were applied.
    public func userVersion() throws(SQLiteError) -> Int64 {
        try query("PRAGMA user_version") { $0.integer(0) }.first ?? 0
    }

    /// Brings the schema up to date: applies the migrations that this file has not seen, in one transaction.
    ///
    /// - Parameter migrations: scripts; the first is number 1. Never changed once released, only appended to.
    /// - Returns: false when the file has seen more migrations than there are; it is left as it is.
    public func migrate(_ migrations: [String]) throws(SQLiteError) -> Bool {
        let version = try userVersion()
        guard version <= migrations.count else { return false }
        guard version < migrations.count else { return true }
        return try transaction { (connection) throws(SQLiteError) in
            for script in migrations[Int(max(0, version))...] { try connection.execute(script) }
            try connection.execute("PRAGMA user_version = \(migrations.count)")
            return true
        }
    }
}
