import CSQLite

/// What SQLite refused to do. See https://sqlite.org/rescode.html
public struct SQLiteError: Error, Equatable, CustomStringConvertible {
    /// The extended result code.
    public var extendedCode: Int32
    public var message: String
    /// The statement, without its values; nil outside of statements.
    public var sql: String?

    public init(extendedCode: Int32, message: String, sql: String? = nil) {
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    /// The primary result code.
    public var code: Int32 { extendedCode & 0xFF }

    /// The file is no database, or a damaged one.
    public var isDamage: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }

    /// The header of the file asks for what this SQLite cannot do, as a damaged one does. Statements that make no sense
    /// have the same code, so this says something only about one that is known to make sense to every SQLite.
    public var isUnreadableFormat: Bool { code == SQLITE_ERROR }

    /// A table and its indexes contradict one another, where no statement could have made them.
    public var isContradiction: Bool { code == SQLITE_CONSTRAINT }

    /// The file system, or the user's quota, is full.
    public var isFull: Bool { code == SQLITE_FULL }

    public var description: String {
        sql.map { "SQLite: \(message) (code \(extendedCode)) in: \($0)" } ?? "SQLite: \(message) (code \(extendedCode))"
    }
}

extension SQLiteError {
    /// Damage that a check found without SQLite failing.
    public static func damage(_ message: String) -> SQLiteError {
        SQLiteError(extendedCode: SQLITE_CORRUPT, message: message)
    }
}
