/// The compiled statements of a connection by their text.
///
/// A class, so that a borrowed connection can compile; used under whatever lock guards the connection.
final class StatementCache {
    private final class Entry {
        let statement: Statement

        init(_ statement: consuming Statement) { self.statement = statement }
    }

    private var entries: [String: Entry] = [:]

    /// Calls `body` with the compiled `sql`.
    func statement(
        for sql: String, connection: OpaquePointer, _ body: (borrowing Statement) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        if let entry = entries[sql] { return try body(entry.statement) }
        let entry = Entry(try Statement(sql, connection: connection))
        entries[sql] = entry
        try body(entry.statement)
    }

    func removeAll() { entries.removeAll() }
}
