import CSQLite

/// A compiled statement. It must not outlive its connection.
struct Statement: ~Copyable {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private let sql: String

    /// Compiles the one statement in `sql`.
    init(_ sql: String, connection: OpaquePointer) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            guard code != SQLITE_OK else { throw SQLiteError(extendedCode: SQLITE_MISUSE, message: "empty", sql: sql) }
            throw SQLiteError(connection: connection, sql: sql)
        }
        self.handle = handle
        self.connection = connection
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    /// Runs the statement from its start to its end.
    func run(
        _ values: [Value], _ row: (borrowing Row) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        try bind(values)
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try row(Row(handle))
            case SQLITE_DONE: return
            default: throw SQLiteError(connection: connection, sql: sql)
            }
        }
    }

    private func bind(_ values: [Value]) throws(SQLiteError) {
        precondition(
            Int(sqlite3_bind_parameter_count(handle)) == values.count, "as many values as the statement has '?': \(sql)"
        )
        for (offset, value) in values.enumerated() {
            let position = Int32(offset + 1)
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, position)
                case .integer(let integer): sqlite3_bind_int64(handle, position, integer)
                case .text(let text):
                    sqlite3_bind_text(handle, position, text, Int32(clamping: text.utf8.count), Self.copied)
                case .blob(let bytes): bind(bytes, at: position)
                }
            guard code == SQLITE_OK else { throw SQLiteError(connection: connection, sql: sql) }
        }
    }

    private func bind(_ bytes: [UInt8], at position: Int32) -> Int32 {
        // A null pointer would bind NULL instead of no bytes.
        guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(handle, position, 0) }
        return bytes.withUnsafeBytes { buffer in
            sqlite3_bind_blob64(handle, position, buffer.baseAddress, UInt64(buffer.count), Self.copied)
        }
    }

    /// SQLITE_TRANSIENT, a cast that Swift does not import: SQLite copies the bytes before it returns.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

extension SQLiteError {
    /// What went wrong last on `connection`.
    init(connection: OpaquePointer, sql: String?) {
        self.init(
            extendedCode: sqlite3_extended_errcode(connection), message: String(cString: sqlite3_errmsg(connection)),
            sql: sql)
    }
}
