import CSQLite
import Glibc
import SQLite
import TestSupport
import Testing

struct ConnectionTests {
    private func makeConnection() throws -> Connection {
        let connection = try Connection(path: ":memory:")
        try connection.execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes BLOB); CREATE TABLE u (x)")
        return connection
    }

    @Test(arguments: [
        Value.null, .integer(0), .integer(.min), .integer(.max), "", "text", "ünïcode\u{0}after NUL", .blob([]),
        .blob([0, 255, 0]),
    ])
    func `values come back as they went in`(value: Value) throws {
        let connection = try makeConnection()
        try connection.run("INSERT INTO u VALUES (?)", value)
        let back = try connection.query("SELECT x, typeof(x) FROM u") { row -> Value in
            switch row.text(1) {
            case "null": .null
            case "integer": .integer(row.integer(0))
            case "text": .text(row.text(0))
            default: .blob(row.blob(0))
            }
        }
        #expect(back == [value])
    }

    @Test func `NULL is seen as such and reads as nothing`() throws {
        let connection = try makeConnection()
        let row = try connection.query("SELECT NULL, 1") { row in
            (row.isNull(0), row.isNull(1), row.text(0), row.integer(0), row.blob(0))
        }
        .first
        #expect(row?.0 == true && row?.1 == false && row?.2 == "" && row?.3 == 0 && row?.4 == [])
    }

    @Test func `run counts the rows it changed, and a statement can be used again`() throws {
        let connection = try makeConnection()
        for number in 0..<100 {
            #expect(try connection.run("INSERT INTO t (name) VALUES (?)", .text("\(number)")) == 1)
        }
        #expect(try connection.run("UPDATE t SET bytes = ? WHERE id <= ?", .blob([1]), 40) == 40)
        #expect(try connection.run("DELETE FROM t WHERE name = 'nobody'") == 0)
        #expect(try connection.query("SELECT count(*) FROM t") { $0.integer(0) } == [100])
    }

    @Test func `an error has code, message and statement, but no values`() throws {
        let connection = try makeConnection()
        try connection.run("INSERT INTO t (name) VALUES (?)", "secret")
        let error = #expect(throws: SQLiteError.self) {
            try connection.run("INSERT INTO t (name) VALUES (?)", "secret")
        }
        #expect(error?.code == SQLITE_CONSTRAINT)
        #expect(error?.extendedCode == SQLITE_CONSTRAINT | (8 << 8))  // SQLITE_CONSTRAINT_UNIQUE
        #expect(error?.sql == "INSERT INTO t (name) VALUES (?)")
        #expect(error?.description.contains("secret") == false)
        #expect(throws: SQLiteError.self) { try connection.execute("SELECT nonsense") }
        #expect(throws: SQLiteError.self) { try connection.run("") }
    }

    @Test func `a transaction that throws leaves nothing behind`() throws {
        let connection = try makeConnection()
        #expect(throws: SQLiteError.self) {
            try connection.transaction { (connection) throws(SQLiteError) in
                try connection.run("INSERT INTO t (name) VALUES ('a')")
                try connection.run("INSERT INTO t (name) VALUES ('a')")
            }
        }
        #expect(try connection.query("SELECT count(*) FROM t") { $0.integer(0) } == [0])
        _ = try connection.transaction { (connection) throws(SQLiteError) in
            try connection.run("INSERT INTO t (name) VALUES ('a')")
        }
        #expect(try connection.query("SELECT count(*) FROM t") { $0.integer(0) } == [1])
    }

    @Test func `migrations are applied once, in order, and a newer file is refused`() throws {
        let connection = try Connection(path: ":memory:")
        let first = ["CREATE TABLE a (x); INSERT INTO a VALUES (1)"]
        let second = first + ["ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (2, 2)"]
        #expect(try connection.migrate(first))
        #expect(try connection.migrate(first))
        #expect(try connection.migrate(second))
        #expect(try connection.migrate(second))
        #expect(try connection.query("SELECT x FROM a") { $0.integer(0) } == [1, 2])
        #expect(try connection.userVersion() == 2)
        #expect(try connection.migrate(first) == false)
    }

    @Test func `a migration that fails changes nothing`() throws {
        let connection = try Connection(path: ":memory:")
        #expect(throws: SQLiteError.self) { try connection.migrate(["CREATE TABLE a (x)", "nonsense"]) }
        #expect(try connection.userVersion() == 0)
        #expect(try connection.migrate(["CREATE TABLE a (x)"]))
    }

    @Test func `a file that is no database is reported as damage`() throws {
        let directory = TemporaryDirectory()
        let file = try #require(fopen(directory("file"), "w"))
        fputs(String(repeating: "no database ", count: 100), file)
        fclose(file)
        let connection = try Connection(path: directory("file"))
        let error = #expect(throws: SQLiteError.self) { try connection.userVersion() }
        #expect(error?.isDamage == true)
    }

    @Test func `a path that cannot be opened is an error`() {
        #expect(throws: SQLiteError.self) { _ = try Connection(path: "/nonexistent/file") }
    }
}
